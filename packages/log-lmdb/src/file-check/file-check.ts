import { closeSync, fstatSync, openSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { SyncupError } from '@shoal/syncup';
import { damaged, PAGE_HEADER, PageReader, u64 } from './page-reader.ts';
import { type Leaf, PageMap, pagesOf, walkTree } from './tree-walk.ts';

/** How many entries are checked before yielding to the event loop. */
const SLICE = 4096;

/** How often the head is read, and how long to wait before each further time, in ms. */
const ATTEMPTS = 10;
const RETRY_DELAY = 5;

/**
 * Checks what LMDB reads when it opens an environment. Another process may write to it: that can
 * show a head that is half old and half new, so the head is read again before this throws `corrupt`.
 */
export async function checkHead(path: string): Promise<void> {
  await withReader(path, () => undefined);
}

/**
 * Checks the structure of an environment before anything looks entries up in it. LMDB trusts the
 * file: where this throws `corrupt`, LMDB would crash the process or lose pages. Values are not
 * read, except the lists of free pages; blocks and records have checksums that are verified when
 * they are read.
 *
 * Reads the pages of the trees only: about 1 MiB per GiB of blocks. The caller holds a read
 * transaction, or a process that writes meanwhile could reuse pages that this is about to read.
 */
export async function checkFile(path: string): Promise<void> {
  await withReader(path, checkPages);
}

async function withReader(
  path: string,
  check: (reader: PageReader, map: PageMap) => void | Promise<void>,
): Promise<void> {
  // LMDB stores numbers in the byte order of the machine; the check knows only this one.
  if (endianness() !== 'LE') return;
  let fd: number;
  try {
    fd = openSync(join(path, 'data.mdb'), 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new SyncupError('storage', `cannot read the data file in ${path}; see the cause`, {
      cause,
    });
  }
  try {
    // Empty: a process was killed just after it had created the file.
    if (fstatSync(fd).size === 0) return;
    const reader = await readHead(fd);
    const { lastPage, pageSize } = reader.meta;
    await check(reader, new PageMap(lastPage, reader.size, pageSize));
  } finally {
    closeSync(fd);
  }
}

async function readHead(fd: number): Promise<PageReader> {
  for (let attempt = 1; ; attempt++) {
    try {
      return new PageReader(fd);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
  }
}

async function checkPages(reader: PageReader, map: PageMap): Promise<void> {
  const { meta, size } = reader;
  let seen = 0;
  const breathe = async (): Promise<void> => {
    if (++seen % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  for (const leaf of walkTree(reader, map, { record: meta.main, compare: compareBytes })) {
    if (leaf.tree === undefined) throw damaged('it does not hold a log');
    for (const _ of walkTree(reader, map, { record: leaf.tree, compare: compareBytes }))
      await breathe();
  }
  const lists = [...walkTree(reader, map, { record: meta.free, compare: compareNumbers })];
  if ((map.highest + 1) * meta.pageSize > size) throw damaged(`it ends after ${size} bytes`);
  for (const leaf of lists) {
    if (leaf.key.length !== 8) throw damaged('a list of free pages has another key');
    for (const [first, count] of freePages(leaf, reader)) {
      map.use({ first, count, live: false });
    }
    await breathe();
  }
}

/**
 * The free pages of a list, as first page and count. A list is its length, then that many words: 0
 * for a gap, the number of a page, or minus a count, followed by the first page.
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
