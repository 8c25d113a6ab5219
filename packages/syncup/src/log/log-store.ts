/** A value, or a promise of it: a log may answer at once or later. */
export type MaybePromise<T> = T | Promise<T>;

/** Where a log begins and ends, as VLSNs. A VLSN is the number of an entry; 0 means "none". */
export interface VlsnRange {
  /** The first entry held; 0 if the log is empty. */
  readonly first: bigint;
  /** The last entry held; 0 if the log has never had one. */
  readonly last: bigint;
  /** The last sync point held. */
  readonly lastSync: bigint;
  /** The last transaction end held. */
  readonly lastTxnEnd: bigint;
  /** The last entry that a majority is known to hold. */
  readonly durable: bigint;
  /** The lowest VLSN from which on no entry is missing. Default: `first`. */
  readonly contiguousFrom?: bigint | undefined;
}

/** What a handshake compares of an entry. */
export interface LogEntry {
  readonly vlsn: bigint;
  /** The log sequence number, a u64. */
  readonly lsn: bigint;
  /** A 64-bit hash. In a chained log it proves every entry up to this one. */
  readonly fingerprint: bigint;
  /** Whether the matchpoint may lie here. */
  readonly isSync: boolean;
  /** Whether a transaction ends here, by a commit or an abort. */
  readonly isTxnEnd: boolean;
}

/** The finished transactions that a rollback would undo. */
export interface PassedTransactions {
  /** How many transactions end above the given VLSN. */
  readonly count: number;
  /** How many of them are known to be durable. */
  readonly durable: number;
  /** The VLSNs of their ends, ascending: at most the first 1000. */
  readonly vlsns: readonly bigint[];
}

/** What a handshake asks of a log. */
export interface LogView {
  readonly range: VlsnRange;
  /** The entry at `vlsn`; undefined if it is not held. */
  entry(vlsn: bigint): MaybePromise<LogEntry | undefined>;
  /** The highest sync point held at or below `vlsn`. */
  syncAtOrBefore(vlsn: bigint): MaybePromise<LogEntry | undefined>;
  /** The transactions that end above `vlsn`. */
  passedTransactions(vlsn: bigint): MaybePromise<PassedTransactions>;
}

/** An entry to append. It gets the next VLSN. */
export interface NewEntry {
  /** 0 to 255. Its meaning is up to the application and the log's `EntryKinds`. */
  readonly type: number;
  /** At most `MAX_PAYLOAD` bytes, which the log copies. */
  readonly payload: Uint8Array;
}

/** An entry of a log. */
export interface StoredEntry extends NewEntry {
  readonly vlsn: bigint;
  /** A view into the log: do not change it. */
  readonly payload: Uint8Array;
}

/** A diverged tail that was cut off and kept. */
export interface Archive {
  /** Unique within the log. */
  readonly id: string;
  /** Why the tail was cut off. */
  readonly reason: string;
  /** The VLSN that the log was rolled back to. */
  readonly matchpoint: bigint;
  /** The first and the last VLSN; 0 and 0 if the archive is empty. */
  readonly first: bigint;
  readonly last: bigint;
  /** The entries, ascending, in batches. */
  entries(): AsyncIterable<readonly StoredEntry[]>;
}

/** What a log does, or refuses, to stay within its limits. */
export type LogReport =
  /** The oldest archive was deleted: all together held more than `maxArchiveBytes`. */
  | {
      readonly type: 'archiveDropped';
      readonly id: string;
      readonly reason: string;
      readonly first: bigint;
      readonly last: bigint;
      readonly bytes: number;
    }
  /** An append was refused: the log holds `maxBytes`. Reported again once there was room. */
  | { readonly type: 'full'; readonly bytes: number; readonly maxBytes: number };

/** A consistent copy of a whole log, as bytes. Dispose of it to let the log reclaim space. */
export interface Snapshot extends AsyncDisposable {
  /** Identifies the content: a u64 other than 0. */
  readonly id: bigint;
  /** In bytes. */
  readonly size: number;
  /** The last VLSN. */
  readonly last: bigint;
  /** The bytes from `offset` (default 0) on, in chunks of at most 1 MiB. */
  chunks(offset?: number): AsyncIterable<Uint8Array>;
}

/** Keeps entries from being trimmed. Disposing of it twice is harmless. */
export interface Retention extends Disposable {
  /** Keeps only the entries from `from` on. */
  advance(from: bigint): void;
}

/** Options of {@link LogStore.read}. */
export interface ReadOptions {
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How many entries a batch holds at most, from 1. Default 1024. */
  readonly maxEntries?: number | undefined;
  /**
   * How many bytes of payload a batch holds at most, from 0, except that it always holds one
   * entry. Default 256 KiB.
   */
  readonly maxBytes?: number | undefined;
}

/** Options of {@link LogStore.append}. */
export interface LogAppendOptions {
  /** Whether to wait until the entries are on stable storage. Default: up to the log. */
  readonly durable?: boolean | undefined;
}

/** Consecutive entries as they are encoded in messages and snapshots, one after another. */
export interface EncodedEntries {
  /** The VLSN of the first entry. */
  readonly firstVlsn: bigint;
  /** How many entries there are, from 1. */
  readonly count: number;
  /** Each entry: type u8, length u32 little-endian, payload. Do not change them. */
  readonly bytes: Uint8Array;
  /** The chained fingerprint of the last entry. */
  readonly fingerprint: bigint;
}

/** Encoded entries whose chained fingerprints have been computed. */
export interface VerifiedEntries {
  readonly count: number;
  /** As in {@link EncodedEntries}. Nobody changes them, so the log may keep them. */
  readonly bytes: Uint8Array;
  /** The fingerprint before the first entry, then that of each, every one as low and high u32. */
  readonly fingerprints: Uint32Array;
}

/** Access to encoded entries, so that a stream need not take them apart. */
export interface EncodedAccess {
  /** As {@link LogStore.read}. */
  read(from: bigint, options?: ReadOptions): AsyncIterable<EncodedEntries>;
  /**
   * As {@link LogStore.append}. Also throws `argument` if the fingerprints do not follow that of
   * the last entry, or the bytes are not `count` entries.
   */
  append(batches: readonly VerifiedEntries[], options?: LogAppendOptions): Promise<VlsnRange>;
}

/** Small records that are kept with a log. */
export interface LogNotes {
  /** The record of this name; undefined if there is none. */
  get(name: string): MaybePromise<Uint8Array | undefined>;
  /**
   * Replaces the record of this name. Resolves once it is on the stable storage of the log, and
   * rejects if another process has taken the log over.
   */
  set(name: string, value: Uint8Array): Promise<void>;
}

/** A replicated log: what drivers read from, append to and roll back. */
export interface LogStore extends LogView, AsyncDisposable {
  /** Whether fingerprints are chained, so that one match proves every entry up to it. */
  readonly chained: boolean;
  /** Faster access to entries. Optional. */
  readonly encoded?: EncodedAccess | undefined;
  /**
   * Records that live as long as the log does; appends, rollbacks and restores leave them as they
   * are. Optional: the log of a node needs them.
   */
  readonly notes?: LogNotes | undefined;
  /**
   * Appends entries in order, all or none. Resolves with the new range, if `durable` once the
   * entries are on stable storage. Throws `argument` if a type or payload is out of range, or
   * `full`; the log is unchanged then.
   */
  append(entries: readonly NewEntry[], options?: LogAppendOptions): Promise<VlsnRange>;
  /**
   * Reads entries from `from` on in batches, following the tail until the reader stops. `from` may
   * be one past the last entry. Throws `trimmed` or `rolled-back` if the next entry is no longer
   * held, `closed`, or `argument` if `from` is further ahead or a limit is out of range.
   */
  read(from: bigint, options?: ReadOptions): AsyncIterable<readonly StoredEntry[]>;
  /**
   * Archives everything above `to` and cuts it off, atomically. Does nothing if there is nothing
   * above. If `to` is 0, the log starts over at VLSN 1. Throws `argument` if any other `to` lies
   * more than one below the first entry, or above the last.
   */
  rollback(to: bigint, reason: string): Promise<Archive>;
  /** The tails that were cut off, oldest first. */
  archives(): AsyncIterable<Archive>;
  /** Notes that a majority holds everything up to `vlsn`. A lower VLSN than before has no effect. */
  noteDurable(vlsn: bigint): void;
  /** Keeps the entries from `from` on from being trimmed until it is disposed of. */
  retain(from: bigint): Retention;
  /**
   * Drops entries below `before`, unless something retains them; the last entry stays. Resolves
   * with the new first VLSN.
   */
  trimHead(before: bigint): Promise<bigint>;
  /** How many more bytes of entries the log takes: 5 and its payload for each. Undefined: no limit. */
  readonly room?: number | undefined;
  /**
   * Calls `listener` with each {@link LogReport} until the returned function is called. Optional: a
   * log without limits reports nothing.
   */
  onReport?(listener: (report: LogReport) => void): () => void;
  /** A consistent copy for another node. */
  exportSnapshot(): Promise<Snapshot>;
  /**
   * Replaces the whole log by a snapshot once it is complete and proven, and archives what was
   * held. Throws `snapshot`, `version` if a later release wrote it, or what `chunks` throws; the log
   * is unchanged then.
   */
  importSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<void>;
}
