import type { Retention } from './log-store.ts';

/** What keeps entries of a log from being trimmed: `LogStore.retain` for any log. */
export class Retentions {
  readonly #held = new Set<{ from: number }>();

  /** Keeps the entries from `from` on. */
  retain(from: bigint): Retention {
    const held = { from: Number(from) };
    this.#held.add(held);
    return {
      advance: (to: bigint) => {
        held.from = Math.max(held.from, Number(to));
      },
      [Symbol.dispose]: () => {
        this.#held.delete(held);
      },
    };
  }

  /** The VLSN below which entries may be trimmed: `before`, or less if some are retained. */
  limit(before: number): number {
    let limit = before;
    for (const { from } of this.#held) limit = Math.min(limit, from);
    return limit;
  }
}
