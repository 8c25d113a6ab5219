import type { Retention } from './log-store.ts';

/** What keeps the head of one log from being trimmed: `LogStore.retain`, for any log. */
export class Retentions {
  readonly #held = new Set<{ from: number }>();

  /** Keeps what lies at or above `from`. */
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

  /** Up to where the log may be trimmed that is to be trimmed up to `before`. */
  limit(before: number): number {
    let limit = before;
    for (const { from } of this.#held) limit = Math.min(limit, from);
    return limit;
  }
}
