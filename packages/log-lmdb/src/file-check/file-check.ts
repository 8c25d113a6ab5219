import { closeSync, fstatSync, openSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { SyncupError } from '@shoal/syncup';
import { damaged, PAGE_HEADER, PageReader, u64 } from './page-reader.ts';
import { type Leaf, PageMap, pagesOf, walkTree } from './tree-walk.ts';

/** How many entries are looked at before others may run. */
const SLICE = 4096;

/**
 * Checks the structure of an environment before LMDB maps it: LMDB trusts what it maps, and
 * would end the process, or lose pages, where this throws `corrupt`. Values are not read, apart
 * from the lists of free pages; their checksums are verified when they are.
 *
 * Reads the pages of the trees only: about 1 MiB for each GiB of blocks.
 */
export async function checkFile(path: string): Promise<void> {
  // What is stored is in the order of the machine: it cannot have come from another kind.
  if (endianness() !== 'LE') return;
  let fd: number;
  try {
    fd = openSync(join(path, 'data.mdb'), 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new SyncupError('storage', `cannot read the data file in ${path}`, { cause });
  }
  try {
    const { size } = fstatSync(fd);
    // A process that was killed when it had just made the file.
    if (size > 0) await checkPages(new PageReader(fd, size));
  } finally {
    closeSync(fd);
  }
}

async function checkPages(reader: PageReader): Promise<void> {
  const { meta, size } = reader;
  const map = new PageMap(meta.lastPage, size, meta.pageSize);
  let seen = 0;
  const breathe = async (): Promise<void> => {
    if (++seen % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  for (const leaf of walkTree(reader, map, meta.main, compareBytes)) {
    if (leaf.tree === undefined) throw damaged('it is not of a log');
    for (const _ of walkTree(reader, map, leaf.tree, compareBytes)) await breathe();
  }
  const lists = [...walkTree(reader, map, meta.free, compareNumbers)];
  if ((map.highest + 1) * meta.pageSize > size) throw damaged(`it ends after ${size} bytes`);
  for (const leaf of lists) {
    if (leaf.key.length !== 8) throw damaged('a list of free pages has another key');
    for (const [first, count] of freePages(leaf, reader)) map.use(first, count, false);
    await breathe();
  }
}

/**
 * A list of free pages: its length and so many words, each 0 for a gap, a page, or minus the
 * number of pages that begin with the one in the word after it.
 */
function* freePages({ value, size }: Leaf, reader: PageReader): Generator<[number, number]> {
  const { view, at } =
    'page' in value
      ? { view: reader.pages(value.page, pagesOf(size, reader)), at: PAGE_HEADER }
      : value;
  const words = Math.floor(size / 8);
  const length = words === 0 ? Number.POSITIVE_INFINITY : u64(view, at);
  if (length >= words) throw damaged('a list of free pages is longer than its place');
  for (let i = 1; i <= length; i++) {
    const word = view.getBigInt64(at + 8 * i, true);
    if (word > 0n) yield [Number(word), 1];
    else if (word < 0n && i < length) yield [u64(view, at + 8 * ++i), Number(-word)];
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function compareNumbers(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== 8 || b.length !== 8) throw damaged('a list of free pages has another key');
  for (let i = 7; i >= 0; i--) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
