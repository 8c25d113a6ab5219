import { close, fsync, open, writeFile } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ByteReader, ByteWriter, crc32, WireError } from '@shoal/wire';
import { readU32le, readU64le, writeU32le, writeU64le } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';
import type { VoteStore } from './vote-store.ts';

/** `SHTM` as a little-endian u32. */
const MAGIC = 0x4d544853;
const VERSION = 1;
const LENGTH = 17;

/**
 * Keeps the vote in a file of 17 bytes. A write goes to a new file beside it, which is synced and
 * renamed, and the directory is synced; a crash leaves the old vote or the new one.
 *
 * `read` rejects with `corrupt` for a damaged file, which never counts as a missing one, and with
 * `version` for one that a later release wrote. Both reject with `log` if the file system fails.
 */
export function fileVoteStore(path: string): VoteStore {
  return {
    async read() {
      let bytes: Uint8Array;
      try {
        bytes = await readFile(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return 0n;
        throw new NodeError('log', `cannot read the vote in ${path}`, { cause });
      }
      return decode(bytes, path);
    },
    async write(term) {
      try {
        await replace(path, encode(term));
      } catch (cause) {
        throw new NodeError('log', `cannot write the vote to ${path}`, { cause });
      }
    },
  };
}

function encode(term: bigint): Uint8Array {
  const w = new ByteWriter({ capacity: LENGTH, fixed: true });
  writeU32le(w, MAGIC);
  w.u8(VERSION);
  writeU64le(w, term);
  writeU32le(w, crc32(w.view()));
  return w.copy();
}

/** Throws `corrupt`, or `version` for an intact file of a later version. */
function decode(bytes: Uint8Array, path: string): bigint {
  const r = new ByteReader(bytes);
  try {
    const known = readU32le(r) === MAGIC;
    const version = r.u8();
    if (known && version > VERSION && hasChecksum(bytes)) throw later(path, version);
    const term = readU64le(r);
    r.skip(4);
    r.finish();
    if (known && version === VERSION && hasChecksum(bytes)) return term;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  const remedy = 'restart this voter with an empty directory, under a new name';
  throw new NodeError('corrupt', `the vote in ${path} is damaged: ${remedy}`);
}

/** Whether the last four bytes are the checksum of those before, as in every version. */
function hasChecksum(bytes: Uint8Array): boolean {
  const body = bytes.subarray(0, -4);
  return readU32le(new ByteReader(bytes.subarray(body.length))) === crc32(body);
}

function later(path: string, version: number): NodeError {
  const text = `the vote in ${path} has version ${version}, and this release reads version ${VERSION}`;
  return new NodeError('version', `${text}: use the release that wrote it, or a later one`);
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const temporary = `${path}.new`;
  await openAndSync(temporary, 'w', (file) => promisify(writeFile)(file, bytes));
  await rename(temporary, path);
  // Windows cannot sync a directory, and need not.
  if (process.platform !== 'win32') await openAndSync(directory, 'r');
}

/** By descriptor, since a `FileHandle` cannot be synced under Yarn's Plug'n'Play. */
async function openAndSync(
  path: string,
  flags: 'r' | 'w',
  write?: (file: number) => Promise<void>,
): Promise<void> {
  const file = await promisify(open)(path, flags);
  try {
    await write?.(file);
    await promisify(fsync)(file);
  } finally {
    await promisify(close)(file);
  }
}
