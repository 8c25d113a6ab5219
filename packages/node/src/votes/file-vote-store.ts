import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ByteReader, ByteWriter, crc32, WireError } from '@shoal/wire';
import { readU32le, readU64le, writeU32le, writeU64le } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';
import type { VoteStore } from './vote-store.ts';

/** `SHTM` as a little-endian u32. */
const MAGIC = 0x4d544853;
const VERSION = 1;
const LENGTH = 17;

/**
 * Keeps the promise in a file of 17 bytes: written beside it, synced, renamed, and the directory
 * synced, so that a crash leaves the old promise or the new one. `read` throws `corrupt` for a
 * file that is damaged, and never takes it for no promise; both throw `log` when the disk refuses.
 */
export function fileVoteStore(path: string): VoteStore {
  return {
    async read() {
      let bytes: Uint8Array;
      try {
        bytes = await readFile(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return 0n;
        throw new NodeError('log', `cannot read ${path}`, { cause });
      }
      return decode(bytes, path);
    },
    async write(term) {
      try {
        await replace(path, encode(term));
      } catch (cause) {
        throw new NodeError('log', `cannot write ${path}`, { cause });
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

function decode(bytes: Uint8Array, path: string): bigint {
  const r = new ByteReader(bytes);
  try {
    const known = readU32le(r) === MAGIC && r.u8() === VERSION;
    const term = readU64le(r);
    const intact = readU32le(r) === crc32(bytes.subarray(0, LENGTH - 4));
    r.finish();
    if (known && intact) return term;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  throw new NodeError('corrupt', `${path} does not hold a promised term`);
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // Windows cannot sync a directory, and needs not.
  if (process.platform === 'win32') return;
  const parent = await open(directory, 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
