import type {
  EncodedEntries,
  LogEntry,
  PassedTransactions,
  Snapshot,
  StoredEntry,
  VlsnRange,
} from '@shoal/syncup';
import { noteName } from '../blocks/record.ts';
import { clip } from '../blocks/span.ts';
import { LmdbSnapshot } from '../snapshot/lmdb-snapshot.ts';
import { fingerprinterOf, type LogState, lastOf, readableEntries } from './log-state.ts';
import { verifyEntries } from './verify.ts';

/** How many transaction ends `passedTransactions` lists. */
const MAX_LISTED = 1000;

/** What can be asked of an open log. All methods throw `corrupt` if what they read is damaged. */
export class LogReads {
  readonly #state: LogState;

  constructor(state: LogState) {
    this.#state = state;
  }

  get range(): VlsnRange {
    const { history, appender, durable } = this.#state;
    const { first } = history;
    const { last, lastSync, lastTxnEnd } = appender.visible;
    return {
      first: last < first ? 0n : BigInt(first),
      last: BigInt(last),
      lastSync: lastSync < first ? 0n : BigInt(lastSync),
      lastTxnEnd: lastTxnEnd < first ? 0n : BigInt(lastTxnEnd),
      durable: BigInt(Math.min(durable.value, last)),
    };
  }

  note(name: string): Uint8Array | undefined {
    const text = this.#state.store.record(noteName(name)) as string | undefined;
    return text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64'));
  }

  entry(vlsn: bigint): LogEntry | undefined {
    const { history } = this.#state;
    if (vlsn < history.first || vlsn > lastOf(this.#state)) return undefined;
    return readableEntries(this.#state).entry(Number(vlsn));
  }

  syncAtOrBefore(vlsn: bigint): LogEntry | undefined {
    const { first } = this.#state.history;
    const last = lastOf(this.#state);
    const from = vlsn > last ? last : Number(vlsn);
    if (from < first) return undefined;
    return readableEntries(this.#state).syncAtOrBefore(from, first);
  }

  async passedTransactions(vlsn: bigint): Promise<PassedTransactions> {
    const { history, appender, durable } = this.#state;
    const { first } = history;
    const { last, txnEnds } = appender.visible;
    const from = vlsn < first ? first - 1 : vlsn > last ? last : Number(vlsn);
    const below = this.#txnEndsTo(from);
    const durableCount = this.#txnEndsTo(Math.min(durable.value, last)) - below;
    const count = txnEnds - below;
    const listed = Math.min(MAX_LISTED, count);
    const ends = await readableEntries(this.#state).txnEnds(from + 1, last, listed);
    return { count, durable: Math.max(0, durableCount), vlsns: ends.map(BigInt) };
  }

  /** The entries from `from` on, up to the limits, at least one. */
  batch(from: number, maxEntries: number, maxBytes: number): StoredEntry[] {
    const last = lastOf(this.#state);
    return readableEntries(this.#state).batch(from, last, maxEntries, maxBytes);
  }

  /** As {@link LogReads.batch}, encoded. */
  encoded(from: number, maxEntries: number, maxBytes: number): EncodedEntries {
    const last = lastOf(this.#state);
    return readableEntries(this.#state).encoded(from, last, maxEntries, maxBytes);
  }

  /** A copy of the log as it is now. Keeps its blocks until it is disposed of. */
  snapshot(): Snapshot {
    const { history, appender, durable, options } = this.#state;
    const { first } = history;
    const end = appender.visible;
    const { last } = end;
    const start = last < first ? end : readableEntries(this.#state).positionBefore(first);
    const { lsn, low, high } = start;
    const spans = clip(history.spans, first, last);
    return new LmdbSnapshot({
      header: {
        chained: options.fingerprint === 'chained',
        first,
        last,
        lsn,
        low,
        high,
        durable: Math.min(durable.value, last),
      },
      end,
      entries: history.entriesOf(spans),
      release: history.hold(spans),
    });
  }

  /** Reads every entry held now and recomputes its fingerprint. */
  async verify(): Promise<void> {
    const { history, appender, options } = this.#state;
    appender.stage();
    const spans = clip(history.spans, history.first, lastOf(this.#state));
    const release = history.hold(spans);
    try {
      await verifyEntries(history.entriesOf(spans), fingerprinterOf(options));
    } finally {
      release();
    }
  }

  /** How many transactions have ended up to `vlsn`, since the log began or was restored. */
  #txnEndsTo(vlsn: number): number {
    const { history, appender } = this.#state;
    const { first } = history;
    const { last, txnEnds } = appender.visible;
    if (vlsn >= last || last < first) return txnEnds;
    const entries = readableEntries(this.#state);
    return (vlsn < first ? entries.positionBefore(first) : entries.position(vlsn)).txnEnds;
  }
}
