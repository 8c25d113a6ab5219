import type { BlockStore } from '../blocks/block-store.ts';
import { GARBAGE } from '../blocks/record.ts';
import { overlaps, type Span } from '../blocks/span.ts';

/** How many blocks a transaction deletes. */
const BATCH = 512;

/** The name of the record that notes a span as garbage. */
export function garbageName({ generation, first }: Span): string {
  return `${GARBAGE}${generation}/${first}`;
}

/** The records that note spans as garbage. */
export function garbageRecords(spans: readonly Span[]): Record<string, Span> {
  return Object.fromEntries(spans.map((span) => [garbageName(span), span]));
}

/** What must not be deleted. Asked again before each transaction. */
export interface Holders {
  /** The spans of the log and its archives: never deleted. */
  kept(): readonly Span[];
  /** The spans that are in use: deleted later. */
  busy(): readonly Span[];
  /** Whether to stop, because the log is being closed. */
  stopped(): boolean;
}

/**
 * Deletes the blocks that were noted as garbage and that nothing holds. A block at an edge may have
 * another holder; it stays until that is garbage too.
 */
export async function purge(store: BlockStore, holders: Holders): Promise<void> {
  for (const span of store.records(GARBAGE) as Span[]) {
    const { generation, first, last } = span;
    let from = first;
    for (;;) {
      if (holders.stopped()) return;
      if (overlaps(holders.busy(), span)) break;
      const kept = holders.kept();
      const remove: [number, number][] = [];
      let start: number | undefined;
      for (const next of firstsAndEnd(store, generation, from)) {
        if (start !== undefined && !overlaps(kept, { generation, first: start, last: next - 1 })) {
          remove.push([generation, start]);
        }
        start = next;
        if (next > last || remove.length >= BATCH) break;
      }
      from = start ?? Number.POSITIVE_INFINITY;
      const done = from > last || from === Number.POSITIVE_INFINITY;
      const records = done ? { [garbageName(span)]: undefined } : {};
      if (remove.length > 0 || done) await store.commit({ remove, records });
      if (done) break;
    }
  }
}

/** The first VLSNs of the blocks from `from` on, then Infinity. */
function* firstsAndEnd(store: BlockStore, generation: number, from: number): Generator<number> {
  yield* store.firsts(generation, from, Number.POSITIVE_INFINITY);
  yield Number.POSITIVE_INFINITY;
}
