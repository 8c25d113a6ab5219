import type { NewEntry, SyncupError } from '@shoal/syncup';
import { type Block, ENTRY_HEADER } from '../blocks/block.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import type { Position } from '../blocks/position.ts';

interface Waiter {
  /** What must be committed. */
  readonly last: number;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: SyncupError) => void;
}

export interface AppenderEvents {
  /** More entries can be seen. */
  changed(): void;
  /** After a failure: no more entries than up to `last` can be seen. */
  failed(last: number): void;
  /** So many bytes are under way no more. */
  freed(bytes: number): void;
  /** What else is to be written with the next commit. */
  records(): Readonly<Record<string, unknown>> | undefined;
}

/**
 * Group commit: what is appended while a commit is under way goes into the next one, with one
 * transaction and one sync for all of it.
 */
export class Appender {
  readonly #store: BlockStore;
  readonly #events: AppenderEvents;
  readonly #maxGroupBytes: number;
  #writer: BlockWriter;
  /** Behind the last entry that can be read. */
  #visible: Position;
  /** Behind the last entry that is on the disk. */
  #safe: Position;
  /** What each of the next transactions writes: whole appends. */
  readonly #groups: { readonly blocks: readonly Block[]; readonly position: Position }[] = [];
  /** Staged, but in no group yet, and how many bytes were appended since the last. */
  #group: Block[] = [];
  #groupBytes = 0;
  readonly #waiters: Waiter[] = [];
  #loop: Promise<void> | undefined;
  #failure: SyncupError | undefined;

  /** @param maxGroupBytes how many bytes, about, a transaction writes */
  constructor(
    store: BlockStore,
    writer: BlockWriter,
    maxGroupBytes: number,
    events: AppenderEvents,
  ) {
    this.#store = store;
    this.#maxGroupBytes = maxGroupBytes;
    this.#events = events;
    this.#writer = writer;
    this.#visible = this.#safe = writer.position;
  }

  get visible(): Position {
    return this.#visible;
  }

  get failure(): SyncupError | undefined {
    return this.#failure;
  }

  /** Goes on with another writer, while nothing is under way. */
  reset(writer: BlockWriter): void {
    this.#writer = writer;
    this.#visible = this.#safe = writer.position;
  }

  /** How many bytes entries take while they are under way. */
  static sizeOf(entries: readonly NewEntry[]): number {
    let bytes = 1;
    for (const { payload } of entries) bytes += ENTRY_HEADER + payload.length;
    return bytes;
  }

  /**
   * Takes entries: `fill` adds them to the writer, or throws before it has added any. Resolves
   * at once unless `durable`, otherwise when they are on the disk. Rejects with what `fill`
   * throws, and with `storage`.
   */
  append(fill: (writer: BlockWriter) => void, bytes: number, durable: boolean): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      fill(this.#writer);
    } catch (error) {
      this.#events.freed(bytes);
      return Promise.reject(error);
    }
    // While some entries are being written, the next can be prepared.
    this.#groupBytes += bytes;
    if (this.#groupBytes >= this.#maxGroupBytes) this.#completeGroup();
    const position = this.#writer.position;
    const committed = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ last: position.last, bytes, resolve, reject });
    });
    this.commit();
    if (durable) return committed;
    committed.catch(() => {});
    this.#visible = position;
    this.#events.changed();
    return Promise.resolve();
  }

  /** Makes everything that is visible findable in the store. */
  stage(): void {
    this.#writer.seal();
    for (const block of this.#writer.take()) {
      this.#store.stage(block);
      this.#group.push(block);
    }
  }

  /** Commits what is not yet, soon. Resolves when nothing is left; never rejects. */
  commit(): Promise<void> {
    this.#loop ??= this.#commitAll();
    return this.#loop;
  }

  fail(error: SyncupError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#visible = this.#safe;
    for (const { reject, bytes } of this.#waiters.splice(0)) {
      reject(error);
      this.#events.freed(bytes);
    }
    this.#events.failed(this.#safe.last);
  }

  async #commitAll(): Promise<void> {
    while (await this.#commitNext());
  }

  /** False when there was nothing left, or it failed: the loop ends in the same instant. */
  async #commitNext(): Promise<boolean> {
    if (this.#groups.length === 0) {
      // All that is appended in this turn of the event loop goes together.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#failure !== undefined) return this.#stop();
      if (this.#groups.length === 0) this.#completeGroup();
    }
    const { blocks: add, position } = this.#groups.shift() ?? {
      blocks: [],
      position: this.#writer.position,
    };
    const records = this.#events.records();
    if (add.length > 0 || records !== undefined) {
      try {
        await this.#store.commit({ add, ...(records && { records }) });
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

  /** Ends a transaction's worth of whole appends. */
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
      this.#events.freed(bytes);
    }
    this.#events.changed();
  }
}
