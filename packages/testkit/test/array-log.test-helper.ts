import {
  type Archive,
  type EntryKinds,
  type LogEntry,
  type LogStore,
  type NewEntry,
  type PassedTransactions,
  type ReadOptions,
  type Retention,
  SHOAL_ENTRY_KINDS,
  type Snapshot,
  type StoredEntry,
  SyncupError,
  type VlsnRange,
} from '@shoal/syncup';
import {
  ChainedFingerprint,
  checkEntries,
  ENTRY_OVERHEAD,
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  NoxuFingerprint,
  readSnapshot,
  SNAPSHOT_PIECE,
  type SnapshotHeader,
  snapshotId,
} from '@shoal/syncup/internal';
import { encodeEntries } from '@shoal/wire';

interface Row extends StoredEntry {
  readonly lsn: bigint;
  readonly fingerprint: bigint;
}

/** The position that the first row starts at. */
interface Start {
  readonly vlsn: bigint;
  readonly lsn: bigint;
  readonly fingerprint: bigint;
}

const ORIGIN: Start = { vlsn: 1n, lsn: 0n, fingerprint: 0n };

function lower(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** A log in an array: the minimum that passes the suite. */
export class ArrayLog implements LogStore {
  readonly chained: boolean;
  readonly #kinds: EntryKinds;
  #start = ORIGIN;
  #rows: Row[] = [];
  #durable = 0n;
  /** Where each cut was made, so that a reader can tell whether its own position was cut off. */
  #cuts: bigint[] = [];
  readonly #archives: Archive[] = [];
  #nextArchive = 1;
  readonly #retained = new Set<{ from: bigint }>();
  readonly #wake = new Set<() => void>();
  #closed = false;

  constructor(options: { kinds?: EntryKinds; fingerprint?: 'chained' | 'noxu' } = {}) {
    this.chained = options.fingerprint !== 'noxu';
    this.#kinds = options.kinds ?? SHOAL_ENTRY_KINDS;
  }

  get #last(): bigint {
    return this.#start.vlsn + BigInt(this.#rows.length) - 1n;
  }

  get range(): VlsnRange {
    const { isSync, isTxnEnd } = this.#kinds;
    const last = this.#last;
    return {
      first: this.#rows.length === 0 ? 0n : this.#start.vlsn,
      last,
      lastSync: this.#rows.findLast(({ type }) => isSync(type))?.vlsn ?? 0n,
      lastTxnEnd: this.#rows.findLast(({ type }) => isTxnEnd(type))?.vlsn ?? 0n,
      durable: lower(this.#durable, last),
    };
  }

  #row(vlsn: bigint): Row | undefined {
    return vlsn < this.#start.vlsn ? undefined : this.#rows[Number(vlsn - this.#start.vlsn)];
  }

  #told(row: Row | undefined): LogEntry | undefined {
    if (row === undefined) return undefined;
    const { vlsn, lsn, fingerprint, type } = row;
    const { isSync, isTxnEnd } = this.#kinds;
    return { vlsn, lsn, fingerprint, isSync: isSync(type), isTxnEnd: isTxnEnd(type) };
  }

  entry(vlsn: bigint): LogEntry | undefined {
    return this.#told(this.#row(vlsn));
  }

  syncAtOrBefore(vlsn: bigint): LogEntry | undefined {
    const { isSync } = this.#kinds;
    return this.#told(this.#rows.findLast((row) => row.vlsn <= vlsn && isSync(row.type)));
  }

  passedTransactions(vlsn: bigint): PassedTransactions {
    const { isTxnEnd } = this.#kinds;
    const passed = this.#rows.filter((row) => row.vlsn > vlsn && isTxnEnd(row.type));
    return {
      count: passed.length,
      durable: passed.filter((row) => row.vlsn <= this.#durable).length,
      vlsns: passed.slice(0, 1000).map((row) => row.vlsn),
    };
  }

  /** Rows for entries behind the last of `rows`, with LSNs and fingerprints. */
  #follow(start: Start, rows: readonly Row[], entries: readonly NewEntry[]): Row[] {
    const before = rows.at(-1);
    let vlsn = before ? before.vlsn + 1n : start.vlsn;
    let lsn = before ? before.lsn + BigInt(ENTRY_OVERHEAD + before.payload.length) : start.lsn;
    const { fingerprint } = before ?? start;
    const hash = this.chained ? new ChainedFingerprint() : new NoxuFingerprint();
    hash.low = Number(BigInt.asUintN(32, fingerprint));
    hash.high = Number(fingerprint >> 32n);
    return entries.map(({ type, payload }) => {
      hash.next(type, payload);
      const print = (BigInt(hash.high) << 32n) | BigInt(hash.low);
      const row = { vlsn: vlsn++, type, payload: payload.slice(), lsn, fingerprint: print };
      lsn += BigInt(ENTRY_OVERHEAD + payload.length);
      return row;
    });
  }

  async append(entries: readonly NewEntry[]): Promise<VlsnRange> {
    this.#checkOpen();
    checkEntries(entries);
    this.#rows.push(...this.#follow(this.#start, this.#rows, entries));
    this.#changed();
    return this.range;
  }

  async *read(from: bigint, options: ReadOptions = {}): AsyncGenerator<StoredEntry[]> {
    const { signal, maxEntries = 1024, maxBytes = 256 * 1024 } = options;
    this.#checkOpen();
    if (from < 1n || from > this.#last + 1n) {
      throw new SyncupError('argument', `a VLSN of 1..${this.#last + 1n}, not ${from}`);
    }
    const cuts = this.#cuts.length;
    for (let next = from; ; ) {
      signal?.throwIfAborted();
      this.#checkOpen();
      if (this.#cuts.slice(cuts).some((to) => next > to + 1n)) {
        throw new SyncupError('rolled-back', `entries below VLSN ${next} were cut off`);
      }
      if (next < this.#start.vlsn) {
        throw new SyncupError('trimmed', `VLSN ${next} is no longer held`);
      }
      const batch: StoredEntry[] = [];
      let bytes = 0;
      for (let row = this.#row(next); row && batch.length < maxEntries; row = this.#row(next)) {
        bytes += row.payload.length;
        if (bytes > maxBytes && batch.length > 0) break;
        batch.push({ vlsn: row.vlsn, type: row.type, payload: row.payload });
        next++;
      }
      if (batch.length > 0) yield batch;
      else await this.#change(signal);
    }
  }

  async rollback(to: bigint, reason: string): Promise<Archive> {
    this.#checkOpen();
    const { vlsn } = this.#start;
    if ((to < vlsn - 1n && to !== 0n) || to > this.#last) {
      throw new SyncupError('argument', `a VLSN of 0 or ${vlsn - 1n}..${this.#last}, not ${to}`);
    }
    const all = to === 0n && vlsn > 1n;
    const tail = this.#rows.filter((row) => row.vlsn > to);
    // A durable log writes the archive and removes the tail in one transaction.
    const archive = this.#archive(tail, to, reason);
    if (tail.length === 0) return archive;
    this.#replace(all ? ORIGIN : this.#start, this.#rows.slice(0, -tail.length), to);
    return archive;
  }

  #archive(rows: readonly Row[], matchpoint: bigint, reason: string): Archive {
    const archive: Archive = {
      id: String(this.#nextArchive++),
      reason,
      matchpoint,
      first: rows[0]?.vlsn ?? 0n,
      last: rows.at(-1)?.vlsn ?? 0n,
      entries: async function* () {
        if (rows.length > 0) yield rows;
      },
    };
    if (rows.length > 0) this.#archives.push(archive);
    return archive;
  }

  #replace(start: Start, rows: Row[], cutTo: bigint): void {
    this.#start = start;
    this.#rows = rows;
    if (this.#durable > this.#last) this.#durable = this.#last;
    this.#cuts.push(cutTo);
    this.#changed();
  }

  async *archives(): AsyncGenerator<Archive> {
    yield* [...this.#archives];
  }

  noteDurable(vlsn: bigint): void {
    // Ignore numbers that no log can hold.
    if (vlsn > this.#durable && vlsn <= Number.MAX_SAFE_INTEGER) this.#durable = vlsn;
  }

  retain(from: bigint): Retention {
    const held = { from };
    this.#retained.add(held);
    return {
      advance: (to) => {
        if (to > held.from) held.from = to;
      },
      [Symbol.dispose]: () => void this.#retained.delete(held),
    };
  }

  async trimHead(before: bigint): Promise<bigint> {
    this.#checkOpen();
    let limit = before < this.#last ? before : this.#last;
    for (const { from } of this.#retained) if (from < limit) limit = from;
    const kept = this.#rows.findIndex((row) => row.vlsn >= limit);
    if (kept > 0) {
      const { lsn } = this.#rows[kept]!;
      this.#start = { vlsn: limit, lsn, fingerprint: this.#rows[kept - 1]!.fingerprint };
      this.#rows = this.#rows.slice(kept);
      this.#changed();
    }
    return this.range.first;
  }

  async exportSnapshot(): Promise<Snapshot> {
    this.#checkOpen();
    const { vlsn, lsn, fingerprint } = this.#start;
    const header = encodeSnapshotHeader({
      chained: this.chained,
      first: Number(vlsn),
      last: Number(this.#last),
      lsn: Number(lsn),
      low: Number(BigInt.asUintN(32, fingerprint)),
      high: Number(fingerprint >> 32n),
      durable: Number(this.range.durable),
    });
    const end = this.#rows.at(-1)?.fingerprint ?? fingerprint;
    const parts = [header, encodeEntries(this.#rows), encodeSnapshotTrailer(end)];
    const whole = new Uint8Array(parts.flatMap((part) => [...part]));
    let disposed = false;
    return {
      id: snapshotId(Number(vlsn), whole.length, end),
      size: whole.length,
      last: this.#last,
      async *chunks(offset = 0) {
        if (!(Number.isSafeInteger(offset) && offset >= 0 && offset <= whole.length)) {
          throw new SyncupError('argument', `an offset of 0..${whole.length}, not ${offset}`);
        }
        for (let at = offset; at < whole.length; at += SNAPSHOT_PIECE) {
          if (disposed) throw new SyncupError('closed', 'this snapshot is closed');
          yield whole.subarray(at, at + SNAPSHOT_PIECE);
        }
      },
      [Symbol.asyncDispose]: async () => {
        disposed = true;
      },
    };
  }

  async importSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#checkOpen();
    let start = ORIGIN;
    let durable = 0n;
    const rows: Row[] = [];
    await readSnapshot(chunks, {
      header: (header: SnapshotHeader) => {
        if (header.chained !== this.chained) {
          throw new SyncupError('snapshot', 'the snapshot is of a log with other fingerprints');
        }
        const { first, lsn, low, high } = header;
        const fingerprint = (BigInt(high) << 32n) | BigInt(low);
        start = { vlsn: BigInt(first), lsn: BigInt(lsn), fingerprint };
        durable = BigInt(header.durable);
      },
      entry: (type, payload) => void rows.push(...this.#follow(start, rows, [{ type, payload }])),
      trailer: (fingerprint) => {
        if ((rows.at(-1) ?? start).fingerprint !== fingerprint) {
          throw new SyncupError('snapshot', 'the fingerprint at the end is wrong');
        }
      },
    });
    // Nothing changes until the whole snapshot has been read and verified.
    this.#checkOpen();
    this.#archive(this.#rows, 0n, 'replaced by a snapshot');
    this.#durable = durable;
    this.#replace(start, rows, -1n);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#changed();
  }

  #checkOpen(): void {
    if (this.#closed) throw new SyncupError('closed', 'this log is closed');
  }

  #changed(): void {
    for (const wake of this.#wake) wake();
  }

  async #change(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#wake.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#wake.add(done);
      signal?.addEventListener('abort', done);
    });
  }
}
