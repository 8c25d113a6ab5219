import { SyncupError } from '@shoal/syncup';
import { type Database, open, type RootDatabase } from 'lmdb';
import { checkFile } from '../file-check/file-check.ts';
import { Block } from './block.ts';
import { BlockCache } from './block-cache.ts';
import { decodeRecord, encodeRecord } from './record.ts';

/** A block's key: its generation and its first VLSN. */
type BlockKey = [generation: number, first: number];

/** What {@link BlockStore.commit} does, all or nothing. */
export interface Change {
  /** Blocks to be added. */
  readonly add?: readonly Block[];
  /** Blocks to be deleted. */
  readonly remove?: readonly BlockKey[];
  /** Records to be written, or deleted where undefined. */
  readonly records?: Readonly<Record<string, unknown>>;
}

export interface BlockStoreOptions {
  readonly path: string;
  readonly cacheBytes: number;
}

/**
 * Blocks and records in an LMDB environment. Of several that have opened the same one, only the
 * latest can write: each commit is bound to the number that was noted on opening.
 *
 * A commit that fails is the last: whether the disk has taken it is not known any more.
 */
export class BlockStore {
  readonly #root: RootDatabase<Uint8Array, string>;
  readonly #blocks: Database<Uint8Array, BlockKey>;
  readonly #records: Database<Uint8Array, string>;
  readonly #cache: BlockCache;
  /** Blocks that can be found already, ascending, but are not committed yet. */
  readonly #staged: Block[] = [];
  #owner = 0;
  #failure: SyncupError | undefined;
  #commits: Promise<unknown> = Promise.resolve();

  private constructor(options: BlockStoreOptions) {
    this.#cache = new BlockCache(options.cacheBytes);
    // Without overlappingSync a commit ends only when it is on the disk, and fails if it is not.
    this.#root = open({
      path: options.path,
      noSubdir: false,
      encoding: 'binary',
      maxDbs: 2,
      overlappingSync: false,
      eventTurnBatching: false,
      useVersions: false,
      noMemInit: true,
    });
    this.#blocks = this.#root.openDB({ name: 'blocks', encoding: 'binary', useVersions: false });
    this.#records = this.#root.openDB({ name: 'records', encoding: 'binary', useVersions: true });
  }

  /** Throws `storage` or `corrupt`. */
  static async open(options: BlockStoreOptions): Promise<BlockStore> {
    await checkFile(options.path);
    let store: BlockStore;
    try {
      store = new BlockStore(options);
    } catch (cause) {
      throw new SyncupError('storage', `cannot open ${options.path}`, { cause });
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
    if (bytes === undefined) throw new SyncupError('corrupt', `block ${key} has gone`);
    const block = new Block(bytes);
    if (block.generation !== key[0] || block.first !== key[1]) {
      throw new SyncupError('corrupt', `block ${key} is another's`);
    }
    this.#cache.add(block);
    return block;
  }

  /** Where the blocks of the generation begin that hold, or may hold, `first..last`. */
  *firsts(generation: number, first: number, last: number): Generator<number, void, undefined> {
    const start = this.#read(() => this.#keyAtOrBelow(generation, first)) ?? [generation, first];
    const end: BlockKey =
      last === Number.POSITIVE_INFINITY ? [generation + 1, 0] : [generation, last];
    for (const key of this.#blocks.getKeys({ start, end, inclusiveEnd: true, snapshot: false })) {
      if (key[0] === generation) yield key[1];
    }
  }

  /** The record of this name. Throws `corrupt`. */
  record(name: string): unknown {
    const bytes = this.#read(() => this.#records.getBinary(name));
    return bytes === undefined ? undefined : decodeRecord(name, bytes);
  }

  /** The records whose names begin so, ascending. Throws `corrupt`. */
  records(prefix: string): unknown[] {
    const names = this.#read(() =>
      [...this.#records.getKeys({ start: prefix })].filter((name) => name.startsWith(prefix)),
    );
    return names.map((name) => this.record(name));
  }

  /** Lets a block be found before it is committed. */
  stage(block: Block): void {
    this.#staged.push(block);
  }

  /** Resolves once it is on the disk. Throws `storage`: then it may or may not be. */
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

  /** Whether there is no block. */
  isEmpty(): boolean {
    return this.#read(() => [...this.#blocks.getKeys({ limit: 1 })].length === 0);
  }

  /** Waits for what was committed. Never rejects. */
  async close(): Promise<void> {
    await this.#commits;
    this.#failure ??= new SyncupError('closed', 'this log is closed');
    await this.#root.close().catch(() => {});
  }

  async #write(change: Change): Promise<void> {
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
      throw this.#fail('the disk refused to write', await causeOf(error));
    }
    if (!owned) throw this.#fail('the log was opened by another process', undefined);
  }

  #fail(message: string, cause: unknown): SyncupError {
    this.#failure = new SyncupError('storage', message, cause === undefined ? {} : { cause });
    return this.#failure;
  }

  /** Makes this one the only one that can write. */
  async #own(): Promise<void> {
    for (;;) {
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
        throw this.#fail('the disk refused to write', await causeOf(error));
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

/** lmdb rejects with an error that only leads to the cause. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<unknown> };
  if (commitError === undefined) return error;
  return commitError.then(
    () => error,
    (cause: unknown) => cause,
  );
}
