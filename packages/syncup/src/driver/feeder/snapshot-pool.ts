import { SyncupError } from '../../errors.ts';
import type { LogStore, Snapshot } from '../../log/log-store.ts';

interface Pooled {
  readonly snapshot: Snapshot;
  users: number;
  /** Drops the snapshot when nobody has resumed it in time. */
  expiry?: ReturnType<typeof setTimeout>;
}

/** Options of a {@link SnapshotPool}. */
export interface SnapshotPoolOptions {
  readonly log: LogStore;
  /** Once it has fired, no snapshot is kept for a restore to resume. */
  readonly signal: AbortSignal;
  /** How many snapshots may be in use at once. */
  readonly limit: number;
  /** How long a snapshot is kept after an interrupted restore, in ms. */
  readonly grace: number;
}

/** The snapshots that are being sent, and those whose restore was interrupted and may resume. */
export class SnapshotPool {
  readonly #options: SnapshotPoolOptions;
  readonly #pooled = new Map<bigint, Pooled>();
  #inUse = 0;

  constructor(options: SnapshotPoolOptions) {
    this.#options = options;
  }

  /**
   * The snapshot with this id if it is still there, else a snapshot of the log as it is now.
   * Throws `remote` if too many are in use.
   */
  async open(id: bigint | undefined): Promise<Snapshot> {
    const { log, limit } = this.#options;
    if (this.#inUse >= limit) {
      throw new SyncupError('remote', `${limit} snapshots are being sent already; try again later`);
    }
    this.#inUse++;
    const resumed = id === undefined ? undefined : this.#pooled.get(id);
    if (resumed !== undefined) return this.#use(resumed);
    try {
      const snapshot = await log.exportSnapshot();
      const same = this.#pooled.get(snapshot.id);
      if (same === undefined) {
        this.#pooled.set(snapshot.id, { snapshot, users: 1 });
        return snapshot;
      }
      await snapshot[Symbol.asyncDispose]();
      return this.#use(same);
    } catch (error) {
      this.#inUse--;
      throw error;
    }
  }

  /** Ends one use. After the last one, a snapshot that was sent whole is dropped at once. */
  async close(snapshot: Snapshot, sent: 'whole' | 'in-part'): Promise<void> {
    this.#inUse--;
    const pooled = this.#pooled.get(snapshot.id);
    if (pooled === undefined || --pooled.users > 0) return;
    const drop = async (): Promise<void> => {
      this.#pooled.delete(snapshot.id);
      await snapshot[Symbol.asyncDispose]();
    };
    if (sent === 'whole' || this.#options.signal.aborted) await drop();
    else pooled.expiry = setTimeout(() => void drop(), this.#options.grace);
  }

  async dispose(): Promise<void> {
    for (const { snapshot, expiry } of this.#pooled.values()) {
      clearTimeout(expiry);
      await snapshot[Symbol.asyncDispose]();
    }
    this.#pooled.clear();
  }

  #use(pooled: Pooled): Snapshot {
    clearTimeout(pooled.expiry);
    pooled.users++;
    return pooled.snapshot;
  }
}
