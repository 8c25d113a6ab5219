import type { SyncupEntry } from '@shoal/wire';
import { SyncupError } from '../errors.ts';
import type { LogEntry } from '../log/log-store.ts';
import { checkReply, type Matches, matcher } from './comparison.ts';
import { DescendingSearch } from './descending-search.ts';
import { GallopSearch } from './gallop-search.ts';
import type { PhaseStep, SearchPhase } from './phase.ts';
import type { MatchpointSearchOptions, SearchReply, SearchStep } from './search-step.ts';

/**
 * Finds the matchpoint of two logs: the highest sync point that both hold. Pure: the caller looks
 * entries up in the replica's log and asks the feeder.
 *
 * The first request is for the replica's last sync point; the feeder may answer with an alternate,
 * its own last sync point. If neither matches, the strategy narrows the search down. It relies on
 * prefix order: at and below the matchpoint every sync point matches that the feeder still holds,
 * above it none does. Chained fingerprints prove that. Without them, flights carry samples, and a
 * match above a mismatch makes the search try every sync point downward.
 */
export class MatchpointSearch {
  readonly #options: MatchpointSearchOptions;
  readonly #flight: number;
  readonly #matches: Matches;
  /** How the search continues after the first request. */
  #phase: 'first' | 'alternate' | SearchPhase = 'first';
  #step: SearchStep;
  /** The feeder's answer to the first request, if it was an alternate. */
  #alternate: SyncupEntry | undefined;
  #ordered = true;
  #flights = 0;
  #requests = 0;
  #lastTried: bigint;

  /** Throws `argument` if an option is out of range. */
  constructor(options: MatchpointSearchOptions) {
    const { first, lastSync, flight = 64, compareLsn = true } = options;
    if (!(Number.isInteger(flight) && flight >= 1 && flight <= 1024)) {
      throw new SyncupError('argument', `flight must be a whole number of 1..1024, not ${flight}`);
    }
    if (first < 1n || lastSync < first) {
      const found = `first ${first} and last sync point ${lastSync}`;
      throw new SyncupError('argument', `the log must hold a sync point, not ${found}`);
    }
    this.#options = options;
    this.#flight = flight;
    this.#matches = matcher(compareLsn);
    this.#lastTried = lastSync;
    this.#step = { type: 'lookup', at: [lastSync] };
  }

  /** What the search needs now. */
  get step(): SearchStep {
    return this.#step;
  }

  /**
   * Answers a `lookup`, in its order. Throws `argument` if there was none, and `internal` if an
   * entry is not a valid answer; the search is unchanged then.
   */
  lookedUp(entries: readonly (LogEntry | undefined)[]): void {
    const step = this.#step;
    if (step.type !== 'lookup' || entries.length !== step.at.length) {
      throw new SyncupError('argument', 'these look-ups were not requested');
    }
    entries.forEach((entry, i) => {
      if (entry === undefined || (entry.vlsn <= step.at[i]! && entry.isSync)) return;
      const found = `VLSN ${entry.vlsn} as the sync point at or before ${step.at[i]}`;
      throw new SyncupError('internal', `the log returned ${found}`);
    });
    if (this.#phase === 'first') this.#askFirst(entries[0]);
    else if (this.#phase === 'alternate') this.#compareAlternate(entries[0]);
    else this.#follow(this.#phase.lookedUp(entries, step.at));
  }

  /**
   * Answers an `ask`, in its order. Throws `argument` if there was none, and `protocol` if a reply
   * has another VLSN or is an alternate out of place; the search is unchanged then.
   */
  answered(replies: readonly SearchReply[]): void {
    const step = this.#step;
    if (step.type !== 'ask' || replies.length !== step.entries.length) {
      throw new SyncupError('argument', 'these requests were not made');
    }
    const isFirst = this.#phase === 'first';
    replies.forEach((reply, i) => {
      checkReply(reply, { asked: step.entries[i]!.vlsn, isFirst });
    });
    this.#flights++;
    this.#requests += replies.length;
    this.#tried(step.entries.at(-1)!.vlsn);
    if (typeof this.#phase === 'object') {
      this.#follow(this.#phase.answered(replies, step.entries));
    } else this.#afterFirst(step.entries[0]!, replies[0]!);
  }

  #askFirst(own: LogEntry | undefined): void {
    const { lastSync } = this.#options;
    if (own?.vlsn !== lastSync) {
      throw new SyncupError('internal', `the log has no sync point at its lastSync ${lastSync}`);
    }
    this.#step = { type: 'ask', entries: [own] };
  }

  #afterFirst(own: LogEntry, reply: SearchReply): void {
    const { first } = this.#options;
    if (reply.type === 'entry') {
      if (this.#matches(own, reply.entry)) this.#finish(own);
      else this.#searchBelow(own.vlsn);
    } else if (reply.type === 'notFound') {
      this.#finish(undefined);
    } else if (reply.entry.vlsn < first) {
      this.#tried(reply.entry.vlsn);
      this.#finish(undefined);
    } else {
      this.#alternate = reply.entry;
      this.#phase = 'alternate';
      this.#step = { type: 'lookup', at: [reply.entry.vlsn] };
    }
  }

  /** Compares the alternate without a request: the feeder has sent all of it. */
  #compareAlternate(own: LogEntry | undefined): void {
    const alternate = this.#alternate!;
    if (own === undefined || own.vlsn < this.#options.first) {
      this.#finish(undefined);
      return;
    }
    this.#tried(own.vlsn);
    if (own.vlsn !== alternate.vlsn) this.#searchBelow(own.vlsn + 1n);
    else if (this.#matches(own, alternate)) this.#finish(own);
    else this.#searchBelow(own.vlsn);
  }

  #searchBelow(high: bigint): void {
    const { first, strategy, chained = false, random = () => 0.5 } = this.#options;
    if (strategy === 'descending') {
      this.#descend(high - 1n);
      return;
    }
    const shared = { first, flight: this.#flight, matches: this.#matches };
    this.#begin(new GallopSearch({ ...shared, high, chained, random }));
  }

  #descend(from: bigint): void {
    const { first } = this.#options;
    const matches = this.#matches;
    this.#begin(new DescendingSearch({ from, first, flight: this.#flight, matches }));
  }

  #begin(phase: SearchPhase): void {
    this.#phase = phase;
    this.#follow(phase.start());
  }

  #follow(step: PhaseStep): void {
    switch (step.type) {
      case 'found':
        this.#finish(step.matchpoint);
        return;
      case 'unordered':
        this.#ordered = false;
        this.#descend(this.#alternate?.vlsn ?? this.#options.lastSync - 1n);
        return;
      default:
        this.#step = step;
    }
  }

  #tried(vlsn: bigint): void {
    if (vlsn < this.#lastTried) this.#lastTried = vlsn;
  }

  #finish(matchpoint: LogEntry | undefined): void {
    this.#step = {
      type: 'done',
      matchpoint,
      lastTried: this.#lastTried,
      ordered: this.#ordered,
      flights: this.#flights,
      requests: this.#requests,
    };
  }
}
