import { fstatSync, readSync } from 'node:fs';
import { SyncupError } from '@shoal/syncup';

/** The size of a page header, in bytes: number u64, transaction u64, u16, flags u16, two u16. */
export const PAGE_HEADER = 24;
const META_MAGIC = 0xbeefc0de;
const META_VERSION = 2;
const META_FLAG = 8;
/** The flags of the tree of free pages, whose keys are integers. */
const FREE_FLAGS = 8;

/** The root of a tree in an LMDB file (`MDB_db`). */
export interface TreeRecord {
  readonly flags: number;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  /** Undefined for an empty tree. */
  readonly root: number | undefined;
}

/** The size of a {@link TreeRecord} in the file, in bytes. */
export const TREE_RECORD = 48;

/** The state after a transaction (`MDB_meta`). */
export interface Meta {
  readonly pageSize: number;
  readonly free: TreeRecord;
  readonly main: TreeRecord;
  readonly lastPage: number;
  readonly transaction: number;
}

/** The error for a damaged data file. `how` completes the sentence. */
export function damaged(how: string): SyncupError {
  return new SyncupError('corrupt', `the data file is damaged: ${how}`);
}

/** Reads the pages of an LMDB file as lmdb 3.5 writes them on a little-endian machine. */
export class PageReader {
  readonly #fd: number;
  #size: number;
  readonly meta: Meta;

  /** Throws `corrupt`, also if another process changes the head meanwhile. */
  constructor(fd: number) {
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
    const first = this.#meta(0, 0);
    const second = this.#meta(1, first.pageSize);
    const [older, newer] =
      first.transaction < second.transaction ? [first, second] : [second, first];
    // Each transaction overwrites the older of the two. Before the first one, both are 0.
    const turn = newer === second ? 1 : 0;
    if (newer.transaction > 0) {
      if (newer.transaction !== older.transaction + 1 || newer.transaction % 2 !== turn) {
        throw damaged(`its last transactions are ${first.transaction}, ${second.transaction}`);
      }
    }
    this.meta = newer;
    // The pages of a transaction are written before its head: the file may have grown meanwhile.
    this.#size = fstatSync(fd).size;
  }

  /** The length of the file, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** The bytes of consecutive pages. Throws `corrupt` if they lie past the end. */
  pages(number: number, count = 1): DataView {
    return this.#read(number * this.meta.pageSize, count * this.meta.pageSize);
  }

  #read(position: number, length: number): DataView {
    if (position + length > this.#size) throw damaged(`it ends after ${this.#size} bytes`);
    const bytes = new Uint8Array(length);
    let read: number;
    try {
      read = readSync(this.#fd, bytes, 0, length, position);
    } catch (cause) {
      throw new SyncupError('storage', 'cannot read the data file; see the cause', { cause });
    }
    if (read !== length) throw damaged(`it ends after ${position + read} bytes`);
    return new DataView(bytes.buffer);
  }

  #meta(number: number, position: number): Meta {
    const view = this.#read(position, 168);
    const is = (right: boolean): void => {
      if (!right) throw damaged(`page ${number} is not as lmdb 3.5 writes it`);
    };
    is(u64(view, 0) === number && view.getUint16(18, true) === META_FLAG);
    is(view.getUint32(24, true) === META_MAGIC && view.getUint32(28, true) === META_VERSION);
    const pageSize = view.getUint32(48, true);
    is(pageSize >= 512 && pageSize <= 65_536 && (pageSize & (pageSize - 1)) === 0);
    is(number === 0 || position === pageSize);
    const free = treeRecord(view, 48);
    is(free.flags === FREE_FLAGS);
    return {
      pageSize,
      free,
      main: treeRecord(view, 96),
      lastPage: u64(view, 144),
      transaction: u64(view, 152),
    };
  }
}

/** A u64 as a number; Infinity from 2^53 on, which no count here can reach. */
export function u64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  return high < 2 ** 21 ? high * 2 ** 32 + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
}

/** Decodes a tree record. */
export function treeRecord(view: DataView, at: number): TreeRecord {
  const root = u64(view, at + 40);
  const none =
    view.getUint32(at + 40, true) === 0xffffffff && view.getUint32(at + 44, true) === 0xffffffff;
  return {
    flags: view.getUint16(at + 4, true),
    depth: view.getUint16(at + 6, true),
    branchPages: u64(view, at + 8),
    leafPages: u64(view, at + 16),
    overflowPages: u64(view, at + 24),
    entries: u64(view, at + 32),
    root: none ? undefined : root,
  };
}
