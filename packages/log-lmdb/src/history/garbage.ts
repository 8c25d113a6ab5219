import type { BlockStore } from '../blocks/block-store.ts';
import { GARBAGE } from '../blocks/record.ts';
import { type Span, touches } from '../blocks/span.ts';

/** How many blocks a transaction deletes. */
const BATCH = 512;

export function garbageName({ generation, first }: Span): string {
  return `${GARBAGE}${generation}/${first}`;
}

export function garbageRecords(spans: readonly Span[]): Record<string, Span> {
  return Object.fromEntries(spans.map((span) => [garbageName(span), span]));
}

/** What may not be deleted, asked for again before each transaction. */
export interface Holders {
  /** What the log and its archives hold: never to be deleted. */
  kept(): readonly Span[];
  /** What is in use for now: to be deleted later. */
  busy(): readonly Span[];
  stopped(): boolean;
}

/**
 * Deletes the blocks that were noted as garbage and that nothing holds. Blocks at the edges may
 * be shared; they stay until their other holder goes.
 */
export async function purge(store: BlockStore, holders: Holders): Promise<void> {
  for (const span of store.records(GARBAGE) as Span[]) {
    const { generation, first, last } = span;
    let from = first;
    for (;;) {
      if (holders.stopped()) return;
      if (touches(holders.busy(), generation, first, last)) break;
      const kept = holders.kept();
      const remove: [number, number][] = [];
      let start: number | undefined;
      for (const next of firstsAndEnd(store, generation, from)) {
        if (start !== undefined && !touches(kept, generation, start, next - 1)) {
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

/** Where the blocks begin, then Infinity. */
function* firstsAndEnd(store: BlockStore, generation: number, from: number): Generator<number> {
  yield* store.firsts(generation, from, Number.POSITIVE_INFINITY);
  yield Number.POSITIVE_INFINITY;
}
