import type { LogEntry } from '../log/log-store.ts';
import type { Matches } from './comparison.ts';
import type { PhaseStep, SearchPhase } from './phase.ts';
import type { SearchReply } from './search-step.ts';

/** Where a {@link DescendingSearch} goes. */
export interface DescendingSearchOptions {
  /** The VLSN to start at. */
  readonly from: bigint;
  /** The lowest VLSN of the replica's log. */
  readonly first: bigint;
  /** How many requests may be in flight. */
  readonly flight: number;
  readonly matches: Matches;
}

/** Tries every sync point, strictly downward: in flights of 1, 2, 4 and so on. */
export class DescendingSearch implements SearchPhase {
  readonly #options: DescendingSearchOptions;
  /** Where to look for the next sync point. */
  #cursor: bigint;
  /** The sync points of the next flight, and how many there should be. */
  #batch: LogEntry[] = [];
  #batchSize = 1;

  constructor(options: DescendingSearchOptions) {
    this.#options = options;
    this.#cursor = options.from;
  }

  start(): PhaseStep {
    this.#batch = [];
    return { type: 'lookup', at: [this.#cursor] };
  }

  lookedUp([entry]: readonly (LogEntry | undefined)[]): PhaseStep {
    if (entry !== undefined && entry.vlsn >= this.#options.first) {
      this.#batch.push(entry);
      this.#cursor = entry.vlsn - 1n;
      if (this.#batch.length < this.#batchSize) return { type: 'lookup', at: [this.#cursor] };
    }
    if (this.#batch.length > 0) return { type: 'ask', entries: this.#batch };
    return { type: 'found', matchpoint: undefined };
  }

  answered(replies: readonly SearchReply[], asked: readonly LogEntry[]): PhaseStep {
    const { flight, matches } = this.#options;
    for (const [i, reply] of replies.entries()) {
      const own = asked[i]!;
      if (reply.type === 'entry' && matches(own, reply.entry)) {
        return { type: 'found', matchpoint: own };
      }
      // The feeder holds nothing below either.
      if (reply.type === 'notFound') return { type: 'found', matchpoint: undefined };
    }
    this.#batchSize = Math.min(this.#batchSize * 2, flight);
    return this.start();
  }
}
