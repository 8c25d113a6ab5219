import { type EncodedEntries, type LogEntry, type StoredEntry, SyncupError } from '@shoal/syncup';
import { u64 } from '@shoal/syncup/internal';
import { type Block, type KindFlags, SYNC, TXN_END, unfilled } from './block.ts';
import type { BlockStore } from './block-store.ts';
import type { Position } from './position.ts';
import { type Span, spanAt } from './span.ts';

/** Reads the entries of spans: of a log, an archive or a snapshot. VLSNs must lie in the spans. */
export class Entries {
  readonly #store: BlockStore;
  readonly #kinds: KindFlags;
  readonly #spans: readonly Span[];

  constructor(store: BlockStore, kinds: KindFlags, spans: readonly Span[]) {
    this.#store = store;
    this.#kinds = kinds;
    this.#spans = spans;
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  /**
   * The block that holds the entry. Throws `corrupt` if it is missing or damaged, `storage` if
   * another process has taken the log over and may have deleted it.
   */
  block(vlsn: number): Block {
    const span = spanAt(this.#spans, vlsn);
    const block = span && this.#store.find(span.generation, vlsn);
    if (block === undefined || block.last < vlsn) {
      this.#store.checkOwned();
      throw new SyncupError('corrupt', `the entry at VLSN ${vlsn} is missing`);
    }
    return block;
  }

  entry(vlsn: number): LogEntry {
    const block = this.block(vlsn);
    const index = vlsn - block.first;
    const flags = this.#kinds[block.type(index)]!;
    return {
      vlsn: BigInt(vlsn),
      lsn: BigInt(block.lsn(index)),
      fingerprint: u64(block.low(index), block.high(index)),
      isSync: (flags & SYNC) !== 0,
      isTxnEnd: (flags & TXN_END) !== 0,
    };
  }

  /** The highest sync point from `first` to `vlsn`. */
  syncAtOrBefore(vlsn: number, first: number): LogEntry | undefined {
    const block = this.block(vlsn);
    for (let at = vlsn; at >= Math.max(first, block.first); at--) {
      if ((this.#kinds[block.type(at - block.first)]! & SYNC) !== 0) return this.entry(at);
    }
    const { lastSync } = block.start;
    return lastSync < first ? undefined : this.entry(lastSync);
  }

  /** The position after the entry. */
  position(vlsn: number): Position {
    const block = this.block(vlsn);
    return block.positionAt(vlsn - block.first + 1, this.#kinds);
  }

  /** The position before the entry. */
  positionBefore(vlsn: number): Position {
    const block = this.block(vlsn);
    return block.positionAt(vlsn - block.first, this.#kinds);
  }

  /**
   * The transaction ends in `from..to`, ascending, at most `limit`. Yields to the event loop now and
   * then.
   */
  async txnEnds(from: number, to: number, limit: number): Promise<number[]> {
    const ends: number[] = [];
    let blocks = 0;
    for (let vlsn = from; vlsn <= to && ends.length < limit; ) {
      const block = this.block(vlsn);
      const last = Math.min(block.last, spanAt(this.#spans, vlsn)!.last, to);
      for (; vlsn <= last && ends.length < limit; vlsn++) {
        if ((this.#kinds[block.type(vlsn - block.first)]! & TXN_END) !== 0) ends.push(vlsn);
      }
      if (++blocks % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return ends;
  }

  /** The entries from `from` to `last`, up to the limits, at least one. Positional: a hot path. */
  batch(from: number, last: number, maxEntries: number, maxBytes: number): StoredEntry[] {
    const batch: StoredEntry[] = [];
    const end = Math.min(last, from + maxEntries - 1);
    let bytes = 0;
    for (let vlsn = from; vlsn <= end; ) {
      const block = this.block(vlsn);
      const span = spanAt(this.#spans, vlsn)!;
      const stop = Math.min(block.last, span.last, end);
      for (; vlsn <= stop; vlsn++) {
        const index = vlsn - block.first;
        bytes += block.payloadLength(index);
        if (bytes > maxBytes && batch.length > 0) return batch;
        batch.push({ vlsn: BigInt(vlsn), type: block.type(index), payload: block.payload(index) });
      }
    }
    return batch;
  }

  /** As {@link Entries.batch}, encoded. */
  encoded(from: number, last: number, maxEntries: number, maxBytes: number): EncodedEntries {
    const parts: { block: Block; from: number; to: number }[] = [];
    const end = Math.min(last, from + maxEntries - 1);
    let bytes = 0;
    let size = 0;
    let vlsn = from;
    while (vlsn <= end && (vlsn === from || bytes < maxBytes)) {
      const block = this.block(vlsn);
      const stop = Math.min(block.last, spanAt(this.#spans, vlsn)!.last, end);
      const first = vlsn - block.first;
      let index = first;
      for (; vlsn <= stop; vlsn++, index++) {
        bytes += block.payloadLength(index);
        if (bytes > maxBytes && vlsn > from) break;
      }
      if (index > first) parts.push({ block, from: first, to: index });
      size += block.sizeOf(first, index);
    }
    const { block, to } = parts.at(-1)!;
    const fingerprint = u64(block.low(to - 1), block.high(to - 1));
    const count = vlsn - from;
    const firstVlsn = BigInt(from);
    if (count === 1) return { firstVlsn, count, bytes: block.encoded(to - 1), fingerprint };
    const all = unfilled(size);
    let at = 0;
    for (const part of parts) at = part.block.encodeInto(all, at, part.from, part.to);
    return { firstVlsn, count, bytes: all.subarray(0, at), fingerprint };
  }
}
