import { SyncupError } from '@shoal/syncup';
import type { Database, open, RootDatabase } from 'lmdb';
import { checkFile, checkHead } from '../file-check/file-check.ts';
import { Block } from './block.ts';
import { BlockCache } from './block-cache.ts';
import { loadLmdb } from './load-lmdb.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { Ownership } from './ownership.ts';
import { decodeRecord, encodeRecord } from './record.ts';

/** A block's key: its generation and its first VLSN. */
type BlockKey = [generation: number, first: number];

/** How often to try to become the owner while others do. */
const OWN_ATTEMPTS = 1000;
/** How often to try to open the file. */
const OPEN_ATTEMPTS = 5;
/** "Unexpected problem - txn should abort", in lmdb.h. */
const MDB_PROBLEM = -30779;

/** What {@link BlockStore.commit} changes, all or nothing. */
export interface Change {
  /** Blocks to add. */
  readonly add?: readonly Block[] | undefined;
  /** Blocks to delete. */
  readonly remove?: readonly BlockKey[] | undefined;
  /** Records to write; those that are undefined are deleted. */
  readonly records?: Readonly<Record<string, unknown>> | undefined;
}

export interface BlockStoreOptions {
  readonly path: string;
  readonly cacheBytes: number;
}

/**
 * Blocks and records in an LMDB environment. If several processes open the same environment, only
 * the latest can write: opening notes a number that each commit checks, and see {@link Ownership}.
 *
 * After a commit that fails, no other is accepted: the disk may or may not have taken it.
 */
export class BlockStore {
  readonly #path: string;
  readonly #root: RootDatabase<Uint8Array, string>;
  readonly #blocks: Database<Uint8Array, BlockKey>;
  readonly #records: Database<Uint8Array, string>;
  readonly #cache: BlockCache;
  /** Blocks that can be found but are not committed yet, ascending. */
  readonly #staged: Block[] = [];
  readonly #ownership: Ownership;
  #owner = 0;
  #failure: SyncupError | undefined;
  #commits: Promise<unknown> = Promise.resolve();

  private constructor(
    { path, cacheBytes }: BlockStoreOptions,
    root: RootDatabase<Uint8Array, string>,
    ownership: Ownership,
  ) {
    this.#path = path;
    this.#root = root;
    this.#ownership = ownership;
    this.#cache = new BlockCache(cacheBytes);
    this.#blocks = root.openDB({ name: 'blocks', encoding: 'binary', useVersions: false });
    this.#records = root.openDB({ name: 'records', encoding: 'binary', useVersions: true });
  }

  /**
   * Throws `missing-binary`, `storage` or `corrupt`. If LMDB gives up a transaction because of what
   * another process writes, which changes nothing, it is opened anew.
   */
  static async open(options: BlockStoreOptions): Promise<BlockStore> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await BlockStore.#open(options);
      } catch (error) {
        if (attempt === OPEN_ATTEMPTS || !wasGivenUp(error)) throw error;
      }
    }
  }

  static async #open(options: BlockStoreOptions): Promise<BlockStore> {
    const { path } = options;
    const openEnvironment = await loadLmdb();
    await checkHead(path);
    const refused = (cause: unknown): SyncupError => {
      const text = `cannot open the log in ${path}; may this process write there?`;
      return new SyncupError('storage', text, { cause });
    };
    let ownership: Ownership;
    try {
      ownership = new Ownership(path);
    } catch (cause) {
      throw refused(cause);
    }
    let root: RootDatabase<Uint8Array, string>;
    try {
      root = await oneAtATime(path, () => openRoot(openEnvironment, path));
    } catch (cause) {
      ownership.close();
      throw refused(cause);
    }
    let store: BlockStore;
    try {
      await checkSnapshot(root, path);
      store = new BlockStore(options, root, ownership);
    } catch (error) {
      ownership.close();
      await closeRoot(root, path);
      throw error instanceof SyncupError ? error : refused(error);
    }
    try {
      await store.#own();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** The highest block of the generation that begins at or below `vlsn`. Throws `corrupt`. */
  find(generation: number, vlsn: number): Block | undefined {
    const staged = this.#findStaged(generation, vlsn);
    if (staged !== undefined) return staged;
    const cached = this.#cache.find(generation, vlsn);
    if (cached !== undefined) return cached;
    const key = this.#read(() => this.#keyAtOrBelow(generation, vlsn));
    if (key === undefined) return undefined;
    const bytes = this.#read(() => this.#blocks.getBinary(key));
    if (bytes === undefined) throw new SyncupError('corrupt', `block ${key} is missing`);
    const block = new Block(bytes, 'stored');
    if (block.generation !== key[0] || block.first !== key[1]) {
      throw new SyncupError('corrupt', `block ${key} holds another block`);
    }
    this.#cache.add(block);
    return block;
  }

  /** The first VLSNs of the blocks that may hold `first..last` of the generation. */
  *firsts(generation: number, first: number, last: number): Generator<number, void, undefined> {
    const start = this.#read(() => this.#keyAtOrBelow(generation, first)) ?? [generation, first];
    const end: BlockKey =
      last === Number.POSITIVE_INFINITY ? [generation + 1, 0] : [generation, last];
    for (const key of this.#blocks.getKeys({ start, end, inclusiveEnd: true, snapshot: false })) {
      if (key[0] === generation) yield key[1];
    }
  }

  /** The record with this name. Throws `corrupt`. */
  record(name: string): unknown {
    const bytes = this.#read(() => this.#records.getBinary(name));
    return bytes === undefined ? undefined : decodeRecord(name, bytes);
  }

  /** The records whose names begin with `prefix`, ascending. Throws `corrupt`. */
  records(prefix: string): unknown[] {
    const names = this.#read(() =>
      [...this.#records.getKeys({ start: prefix })].filter((name) => name.startsWith(prefix)),
    );
    return names.map((name) => this.record(name));
  }

  /** Makes a block findable before it is committed. */
  stage(block: Block): void {
    this.#staged.push(block);
  }

  /** Resolves once the change is on disk. If it throws `storage`, it may or may not be. */
  async commit(change: Change): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const written = this.#write(change);
    this.#commits = written.catch(() => {});
    await written;
    const { add = [] } = change;
    if (this.#staged.length > 0 && add[0] === this.#staged[0]) {
      for (const block of this.#staged.splice(0, add.length)) this.#cache.add(block);
    }
  }

  /** Whether there are no blocks. */
  isEmpty(): boolean {
    return this.#read(() => [...this.#blocks.getKeys({ limit: 1 })].length === 0);
  }

  /** Throws `storage` if another process has taken the log over. */
  checkOwned(): void {
    const owner = this.#read(() => this.#records.getEntry('owner')?.version);
    const isOlder = owner !== undefined && owner > this.#owner;
    if (isOlder || !this.#ownership.isHeld) throw this.#takenOver();
  }

  /** Closes after the last commit. Never rejects. */
  async close(): Promise<void> {
    await this.#commits;
    this.#failure ??= new SyncupError('closed', 'this log is closed');
    await closeRoot(this.#root, this.#path);
    this.#ownership.close();
  }

  async #write(change: Change): Promise<void> {
    if (!this.#ownership.isHeld) throw this.#takenOver();
    let owned: boolean;
    try {
      owned = await this.#records.ifVersion('owner', this.#owner, () => {
        for (const block of change.add ?? []) {
          this.#blocks.put([block.generation, block.first], block.bytes as Buffer);
        }
        for (const key of change.remove ?? []) this.#blocks.remove(key);
        for (const [name, value] of Object.entries(change.records ?? {})) {
          if (value === undefined) this.#records.remove(name);
          else this.#records.put(name, encodeRecord(value), 1);
        }
      });
    } catch (error) {
      throw this.#fail('the disk refused to write; see the cause', await causeOf(error));
    }
    if (!owned || !this.#ownership.isHeld) throw this.#takenOver();
  }

  #takenOver(): SyncupError {
    return this.#fail('another process has opened this log and taken it over');
  }

  #fail(message: string, cause?: unknown): SyncupError {
    this.#failure = new SyncupError('storage', message, { cause });
    return this.#failure;
  }

  /**
   * Makes this process the only one that can write. If another one was later, the log can be read
   * here, and the first commit fails.
   */
  async #own(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (!this.#ownership.isHeld || attempt > OWN_ATTEMPTS) {
        this.#takenOver();
        return;
      }
      const version = this.#read(() => this.#records.getEntry('owner')?.version);
      const owner = (version ?? 0) + 1;
      const put = (): void => {
        this.#records.put('owner', new Uint8Array(1), owner);
      };
      let won: boolean;
      try {
        won = await (version === undefined
          ? this.#records.ifNoExists('owner', put)
          : this.#records.ifVersion('owner', version, put));
      } catch (error) {
        throw this.#fail('the disk refused to write; see the cause', await causeOf(error));
      }
      this.#owner = owner;
      if (won) return;
    }
  }

  #findStaged(generation: number, vlsn: number): Block | undefined {
    const staged = this.#staged;
    const first = staged[0];
    if (first === undefined || first.generation !== generation || vlsn < first.first) {
      return undefined;
    }
    let low = 0;
    let high = staged.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (staged[middle]!.first <= vlsn) low = middle;
      else high = middle - 1;
    }
    return staged[low];
  }

  #keyAtOrBelow(generation: number, vlsn: number): BlockKey | undefined {
    const options = { start: [generation, vlsn] as BlockKey, reverse: true, limit: 1 };
    for (const key of this.#blocks.getKeys(options)) if (key[0] === generation) return key;
    return undefined;
  }

  #read<T>(read: () => T): T {
    if (this.#failure?.code === 'closed') throw this.#failure;
    try {
      return read();
    } catch (cause) {
      throw new SyncupError('corrupt', 'the log cannot be read', { cause });
    }
  }
}

/** Whether LMDB gave up a transaction that has changed nothing. */
function wasGivenUp(error: unknown): boolean {
  const { cause } = error as Error;
  return cause instanceof Error && (cause as { code?: unknown }).code === MDB_PROBLEM;
}

/** Never rejects. */
function closeRoot(root: RootDatabase<Uint8Array, string>, path: string): Promise<void> {
  return oneAtATime(path, () => root.close()).catch(() => {});
}

/** Opens an environment without looking anything up in it. */
function openRoot(openEnvironment: typeof open, path: string): RootDatabase<Uint8Array, string> {
  // Without overlappingSync, a commit resolves once it is on the disk, or fails.
  return openEnvironment({
    path,
    noSubdir: false,
    encoding: 'binary',
    maxDbs: 2,
    overlappingSync: false,
    eventTurnBatching: false,
    useVersions: false,
    noMemInit: true,
  });
}

/**
 * Checks the file under a read transaction. Another process may still write: the transaction keeps
 * it from reusing the pages of the last transaction and of those that follow.
 */
async function checkSnapshot(root: RootDatabase<Uint8Array, string>, path: string): Promise<void> {
  const snapshot = root.useReadTransaction();
  try {
    await checkFile(path);
  } finally {
    snapshot.done();
  }
}

/** lmdb rejects with an error that has the cause in a promise. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<unknown> };
  if (commitError === undefined) return error;
  return commitError.then(
    () => error,
    (cause: unknown) => cause,
  );
}
