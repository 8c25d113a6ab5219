import type { NewEntry, SyncupError } from '@shoal/syncup';
import { type Block, ENTRY_HEADER } from '../blocks/block.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import type { Position } from '../blocks/position.ts';

interface Waiter {
  /** The VLSN that must be committed. */
  readonly last: number;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: SyncupError) => void;
}

/** What an {@link Appender} is made of. */
export interface AppenderOptions {
  readonly store: BlockStore;
  readonly writer: BlockWriter;
  /** About how many bytes a transaction writes. */
  readonly maxGroupBytes: number;
  /** Called when more entries can be read. */
  readonly onVisible: () => void;
  /** Called after a failure: from now on, only entries up to `last` can be read. */
  readonly onFailed: (last: number) => void;
  /** Called with the number of bytes that are no longer under way. */
  readonly onFreed: (bytes: number) => void;
  /** Takes the records that the next commit should write too. */
  readonly takeRecords: () => Readonly<Record<string, unknown>> | undefined;
}

/**
 * Group commit: appends that come while a commit is under way share the next one, with one
 * transaction and one sync for all.
 */
export class Appender {
  readonly #options: AppenderOptions;
  #writer: BlockWriter;
  /** The position after the last entry that can be read. */
  #visible: Position;
  /** The position after the last entry on disk. */
  #safe: Position;
  /** What the next transactions write. Each takes whole appends. */
  readonly #groups: { readonly blocks: readonly Block[]; readonly position: Position }[] = [];
  /** Staged blocks that belong to no transaction yet, and the bytes appended since the last one. */
  #group: Block[] = [];
  #groupBytes = 0;
  readonly #waiters: Waiter[] = [];
  #loop: Promise<void> | undefined;
  #failure: SyncupError | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#writer = options.writer;
    this.#visible = this.#safe = options.writer.position;
  }

  /** The position after the last entry that can be read. */
  get visible(): Position {
    return this.#visible;
  }

  /** The position after the last entry that was accepted. */
  get written(): Position {
    return this.#writer.position;
  }

  /** The error after which nothing more is written. */
  get failure(): SyncupError | undefined {
    return this.#failure;
  }

  /** Continues with another writer. Nothing may be under way. */
  reset(writer: BlockWriter): void {
    this.#writer = writer;
    this.#visible = this.#safe = writer.position;
  }

  /** How many bytes entries count for while they are under way. */
  static sizeOf(entries: readonly NewEntry[]): number {
    let bytes = 1;
    for (const { payload } of entries) bytes += ENTRY_HEADER + payload.length;
    return bytes;
  }

  /**
   * Appends the entries that `fill` adds to the writer; `fill` must add all or throw. If `durable`,
   * resolves once they are on disk, else at once. Rejects with what `fill` throws, or with
   * `storage`.
   */
  append(
    fill: (writer: BlockWriter) => void,
    { bytes, durable }: { readonly bytes: number; readonly durable: boolean },
  ): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      fill(this.#writer);
    } catch (error) {
      this.#options.onFreed(bytes);
      return Promise.reject(error);
    }
    // The next transaction is prepared while one is being written.
    this.#groupBytes += bytes;
    if (this.#groupBytes >= this.#options.maxGroupBytes) this.#completeGroup();
    const position = this.#writer.position;
    const committed = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ last: position.last, bytes, resolve, reject });
    });
    this.commit();
    if (durable) return committed;
    committed.catch(() => {});
    this.#visible = position;
    this.#options.onVisible();
    return Promise.resolve();
  }

  /** Makes all visible entries findable in the store. */
  stage(): void {
    this.#writer.seal();
    for (const block of this.#writer.take()) {
      this.#options.store.stage(block);
      this.#group.push(block);
    }
  }

  /** Commits everything soon. Resolves when nothing is left. Never rejects. */
  commit(): Promise<void> {
    this.#loop ??= this.#commitAll();
    return this.#loop;
  }

  /** Stops writing. Waiting callers get the error. */
  fail(error: SyncupError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#visible = this.#safe;
    for (const { reject, bytes } of this.#waiters.splice(0)) {
      reject(error);
      this.#options.onFreed(bytes);
    }
    this.#options.onFailed(this.#safe.last);
  }

  async #commitAll(): Promise<void> {
    while (await this.#commitNext());
  }

  /** Makes one transaction. False, and the loop has ended, if there was nothing left or it failed. */
  async #commitNext(): Promise<boolean> {
    if (this.#groups.length === 0) {
      // Appends of the same turn of the event loop go together.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#failure !== undefined) return this.#stop();
      if (this.#groups.length === 0) this.#completeGroup();
    }
    const { blocks: add, position } = this.#groups.shift() ?? {
      blocks: [],
      position: this.#writer.position,
    };
    const records = this.#options.takeRecords();
    if (add.length > 0 || records !== undefined) {
      try {
        await this.#options.store.commit({ add, records });
      } catch (error) {
        this.fail(error as SyncupError);
        return this.#stop();
      }
    } else if (this.#waiters.length === 0) return this.#stop();
    this.#committed(position);
    return true;
  }

  #stop(): false {
    this.#loop = undefined;
    return false;
  }

  /** Completes what one transaction writes. */
  #completeGroup(): void {
    this.stage();
    if (this.#group.length === 0) return;
    this.#groups.push({ blocks: this.#group, position: this.#writer.position });
    this.#group = [];
    this.#groupBytes = 0;
  }

  #committed(position: Position): void {
    if (position.last > this.#safe.last) this.#safe = position;
    if (position.last > this.#visible.last) this.#visible = position;
    const waiters = this.#waiters;
    let done = 0;
    while (done < waiters.length && waiters[done]!.last <= position.last) done++;
    for (const { resolve, bytes } of waiters.splice(0, done)) {
      resolve();
      this.#options.onFreed(bytes);
    }
    this.#options.onVisible();
  }
}
