/** A value, or a promise of it: a log may answer at once or later. */
export type MaybePromise<T> = T | Promise<T>;

/** Where a replicated log begins and ends. VLSNs; 0 stands for "none". */
export interface VlsnRange {
  /** The first entry that is held; 0 when the log is empty. */
  readonly first: bigint;
  /** The last entry that is held; 0 when the log has never had one. */
  readonly last: bigint;
  /** The last sync point that is held. */
  readonly lastSync: bigint;
  /** The last transaction end that is held. */
  readonly lastTxnEnd: bigint;
  /** The last entry that a majority is known to hold. */
  readonly durable: bigint;
  /** The lowest VLSN from which on no entry is missing. Left out: `first`. */
  readonly contiguousFrom?: bigint;
}

/** What a syncup compares of an entry. */
export interface LogEntry {
  readonly vlsn: bigint;
  /** Log sequence number, u64. */
  readonly lsn: bigint;
  /** 64-bit hash. In Shoal's logs it is chained, so that it proves the whole prefix. */
  readonly fingerprint: bigint;
  /** Whether a matchpoint may lie here. */
  readonly isSync: boolean;
  /** Whether a transaction ends here: a commit or an abort. */
  readonly isTxnEnd: boolean;
}

/** The transactions that a rollback would undo. */
export interface PassedTransactions {
  /** How many transactions end above the VLSN asked for. */
  readonly count: number;
  /** How many of those are known to be durable. */
  readonly durable: number;
  /** The VLSNs of their ends, ascending: the first 1,000. */
  readonly vlsns: readonly bigint[];
}

/** What a syncup must be able to ask a log. */
export interface LogView {
  readonly range: VlsnRange;
  /** The entry at `vlsn`; undefined when it is not held. */
  entry(vlsn: bigint): MaybePromise<LogEntry | undefined>;
  /** The highest sync point at or below `vlsn` that is held. */
  syncAtOrBefore(vlsn: bigint): MaybePromise<LogEntry | undefined>;
  /** The transactions that end above `vlsn`. */
  passedTransactions(vlsn: bigint): MaybePromise<PassedTransactions>;
}

/** An entry to be appended; its VLSN is the next one. */
export interface NewEntry {
  /** 0..255; what it means is for the log's {@link EntryKinds} and the application. */
  readonly type: number;
  /** The log copies it. */
  readonly payload: Uint8Array;
}

/** An entry as it was stored. */
export interface StoredEntry extends NewEntry {
  readonly vlsn: bigint;
  /** A view into the log: never to be changed. */
  readonly payload: Uint8Array;
}

/** Which types of entry are sync points, and which end a transaction. */
export interface EntryKinds {
  isSync(type: number): boolean;
  isTxnEnd(type: number): boolean;
}

/** A diverged tail that was cut off and kept. */
export interface Archive {
  /** Unique within the log. */
  readonly id: string;
  /** Why it was cut off. */
  readonly reason: string;
  /** The VLSN that the log was rolled back to. */
  readonly matchpoint: bigint;
  /** The first and the last VLSN inside; 0 and 0 when there is none. */
  readonly first: bigint;
  readonly last: bigint;
  /** The entries, ascending, in batches. */
  entries(): AsyncIterable<readonly StoredEntry[]>;
}

/** A consistent copy of a whole log, as bytes. Dispose of it to let the log reclaim space. */
export interface Snapshot extends AsyncDisposable {
  /** Tells it from other snapshots: u64, not 0. */
  readonly id: bigint;
  /** In bytes. */
  readonly size: number;
  /** The last VLSN inside. */
  readonly last: bigint;
  /** The bytes from `offset` on (default 0), in pieces of 1 MiB at most. */
  chunks(offset?: number): AsyncIterable<Uint8Array>;
}

/** Keeps the head of a log from being trimmed. Disposing it twice is harmless. */
export interface Retention extends Disposable {
  /** Keeps what lies at or above `from`, and lets go of what is below. */
  advance(from: bigint): void;
}

/** How {@link LogStore.read} reads. */
export interface ReadOptions {
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How many entries a batch may have, 1 or more. Default 1024. */
  readonly maxEntries?: number;
  /** How many bytes of payload a batch may have, 0 or more, but always one entry. Default 256 KiB. */
  readonly maxBytes?: number;
}

/** How {@link LogStore.append} appends. */
export interface AppendOptions {
  /** Whether to wait for stable storage. Default: the log's own. */
  readonly durable?: boolean;
}

/** Consecutive entries as they stand in messages and snapshots, one behind the other. */
export interface EncodedEntries {
  /** The VLSN of the first one. */
  readonly firstVlsn: bigint;
  /** How many there are: 1 or more. */
  readonly count: number;
  /** Of each the type u8, the length u32 little-endian and the payload. Never to be changed. */
  readonly bytes: Uint8Array;
  /** The chained fingerprint of the last one. */
  readonly fingerprint: bigint;
}

/** Entries whose chained fingerprints have been computed. */
export interface VerifiedEntries {
  readonly count: number;
  /** As in {@link EncodedEntries}. Nobody will change them: the log may keep them. */
  readonly bytes: Uint8Array;
  /** The fingerprint before the first one and that of each, all as their low and high u32. */
  readonly fingerprints: Uint32Array;
}

/** What a chained log may offer so that a stream need not take its entries apart. */
export interface EncodedAccess {
  /** As {@link LogStore.read}. */
  read(from: bigint, options?: ReadOptions): AsyncIterable<EncodedEntries>;
  /**
   * As {@link LogStore.append}. Throws `argument` too when the fingerprints do not follow on
   * that of the last entry, or the bytes are not `count` entries.
   */
  append(batches: readonly VerifiedEntries[], options?: AppendOptions): Promise<VlsnRange>;
}

/** A replicated log: what a driver reads from, appends to and rolls back. */
export interface LogStore extends LogView, AsyncDisposable {
  /** Whether fingerprints are chained, so that one equal fingerprint proves the prefix. */
  readonly chained: boolean;
  /** A faster way in and out, where the log has one. */
  readonly encoded?: EncodedAccess | undefined;
  /**
   * Appends in order, all or none, and resolves with the new range: once the entries are on
   * stable storage where `durable` is true and the log has any. Throws `argument` for an entry
   * that is none (see `checkEntries`), and has changed nothing then.
   */
  append(entries: readonly NewEntry[], options?: AppendOptions): Promise<VlsnRange>;
  /**
   * The entries from `from` on in batches, following the tail for ever. `from` may be one past
   * the last. Throws `trimmed` or `rolled-back` when `from` is no longer there, `argument` when
   * it is further ahead or a limit is out of range, and `closed`.
   */
  read(from: bigint, options?: ReadOptions): AsyncIterable<readonly StoredEntry[]>;
  /**
   * Cuts off everything above `to`, after it has been archived. Atomic, and without effect when
   * there is nothing above. 0 cuts off everything: the log starts anew at VLSN 1. Throws
   * `argument` below the first entry's predecessor otherwise.
   */
  rollback(to: bigint, reason: string): Promise<Archive>;
  /** The tails that were cut off, oldest first. */
  archives(): AsyncIterable<Archive>;
  /** Notes that a majority holds everything up to `vlsn`. Never goes down. */
  noteDurable(vlsn: bigint): void;
  /** Forbids to trim what lies at or above `from`, until it is disposed of. */
  retain(from: bigint): Retention;
  /**
   * Drops entries below `before`, as far as nothing retains them; resolves with the new first.
   * The last entry stays.
   */
  trimHead(before: bigint): Promise<bigint>;
  /** A consistent copy for another node. */
  exportSnapshot(): Promise<Snapshot>;
  /**
   * Replaces the whole log by a snapshot, once it is complete and correct; what was held before
   * is archived. Throws `snapshot`, or what `chunks` throws, and has changed nothing then.
   */
  importSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

/**
 * Shoal's own entry types: 1 is a commit, 2 an abort, 3 marks the term of what follows, anything
 * else is data. A mark is a sync point, but ends no transaction.
 */
export const SHOAL_ENTRY_KINDS: EntryKinds = {
  isSync: (type) => type === 1 || type === 2 || type === 3,
  isTxnEnd: (type) => type === 1 || type === 2,
};

/** Noxu's entry types: 30 TxnCommit, 31 TxnAbort, 61 Matchpoint (noxu-log, entry_type.rs). */
export const NOXU_ENTRY_KINDS: EntryKinds = {
  isSync: (type) => type === 30 || type === 31 || type === 61,
  isTxnEnd: (type) => type === 30 || type === 31,
};
