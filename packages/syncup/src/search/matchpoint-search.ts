import type { SyncupEntry } from '@shoal/wire';
import { SyncupError } from '../errors.ts';
import type { LogEntry } from '../log/log-store.ts';
import type { MatchpointSearchOptions, SearchReply, SearchStep } from './search-step.ts';

/** How many lower sync points must have matched before an unchained match is believed. */
const SAMPLES = 3;

/**
 * Finds the matchpoint of two logs: pure, it is told what the logs hold.
 *
 * It relies on prefix order: from the matchpoint down all sync points match, until those that
 * the feeder has trimmed; above it none does. With chained fingerprints that is proven. Without,
 * each flight carries samples, and a match above a mismatch makes it try every sync point
 * downward.
 */
export class MatchpointSearch {
  readonly #options: MatchpointSearchOptions;
  readonly #flight: number;
  #mode: 'first' | 'alternate' | 'gallop' | 'bisect' | 'verify' | 'descending' = 'first';
  #step: SearchStep;
  /** What the look-ups under way are for: all but the samples steer the search. */
  #targets: readonly bigint[] = [];
  /** Known not to match, and none above can be the matchpoint. */
  #high: bigint;
  /** The highest match so far. */
  #match: LogEntry | undefined;
  /** No candidate lies at or below this, besides the match. */
  #low: bigint;
  /** The feeder does not hold this, nor anything below. */
  #missing: bigint;
  #distance = 1n;
  /** VLSNs that matched: how well an unchained match is supported. */
  readonly #matched = new Set<bigint>();
  #alternate: SyncupEntry | undefined;
  #ordered = true;
  #flights = 0;
  #requests = 0;
  #lastTried: bigint;
  /** Descending: where to look next, and what was found for the next flight. */
  #cursor: bigint;
  #batch: LogEntry[] = [];
  #batchSize = 1;

  /** Throws `argument` for options out of range. */
  constructor(options: MatchpointSearchOptions) {
    const flight = options.flight ?? 64;
    if (!(Number.isInteger(flight) && flight >= 1 && flight <= 1024)) {
      throw new SyncupError('argument', `a flight of 1..1024 requests, not ${flight}`);
    }
    if (options.first < 1n || options.lastSync < options.first) {
      const found = `first ${options.first}, last sync point ${options.lastSync}`;
      throw new SyncupError('argument', `a log to search in, not ${found}`);
    }
    this.#options = options;
    this.#flight = flight;
    this.#high = options.lastSync + 1n;
    this.#low = options.first - 1n;
    this.#missing = options.first - 1n;
    this.#lastTried = options.lastSync;
    this.#cursor = options.lastSync - 1n;
    this.#step = this.#lookUp([options.lastSync]);
  }

  /** What it wants now. */
  get step(): SearchStep {
    return this.#step;
  }

  /**
   * Answers a `lookup`, in its order. Throws `argument` when none was asked for, and `internal`
   * for what is no answer; the search has not moved then.
   */
  lookedUp(entries: readonly (LogEntry | undefined)[]): void {
    if (this.#step.type !== 'lookup' || entries.length !== this.#targets.length) {
      throw new SyncupError('argument', 'answers to look-ups that were not asked for');
    }
    entries.forEach((entry, i) => {
      if (entry === undefined || (entry.vlsn <= this.#targets[i]! && entry.isSync)) return;
      const found = `VLSN ${entry.vlsn} for the sync point at or before ${this.#targets[i]}`;
      throw new SyncupError('internal', `the log answers with ${found}`);
    });
    switch (this.#mode) {
      case 'alternate':
        this.#compareAlternate(entries[0]);
        return;
      case 'descending':
        this.#gather(entries[0]);
        return;
      case 'first':
        this.#askFirst(entries[0]);
        return;
      default:
        this.#askCandidates(entries);
    }
  }

  /**
   * Answers an `ask`, in its order. Throws `protocol` for an answer that is none: another VLSN,
   * or an alternate that was not due, is no sync point, or lies at or above what was asked.
   * The search has not moved then.
   */
  answered(replies: readonly SearchReply[]): void {
    const step = this.#step;
    if (step.type !== 'ask' || replies.length !== step.entries.length) {
      throw new SyncupError('argument', 'answers to requests that were not made');
    }
    replies.forEach((reply, i) => {
      this.#check(reply, step.entries[i]!.vlsn);
    });
    this.#flights++;
    this.#requests += replies.length;
    const lowest = step.entries.at(-1)!.vlsn;
    if (lowest < this.#lastTried) this.#lastTried = lowest;
    if (this.#mode === 'first') this.#afterFirst(step.entries[0]!, replies[0]!);
    else if (this.#mode === 'descending') this.#afterDescending(step.entries, replies);
    else this.#afterFlight(step.entries, replies);
  }

  #check(reply: SearchReply, asked: bigint): void {
    if (reply.type === 'notFound') return;
    const { vlsn, isSync } = reply.entry;
    if (reply.type === 'entry') {
      if (vlsn === asked) return;
      throw new SyncupError('protocol', `expected the entry at VLSN ${asked}, not ${vlsn}`);
    }
    if (this.#mode !== 'first') {
      throw new SyncupError('protocol', `expected an entry at VLSN ${asked}, not an alternate`);
    }
    if (!isSync || vlsn < 1n || vlsn >= asked) {
      const found = `${vlsn}${isSync ? '' : ', no sync point'}`;
      throw new SyncupError(
        'protocol',
        `expected an alternate sync point < ${asked}, not ${found}`,
      );
    }
  }

  #matches(own: LogEntry, theirs: SyncupEntry): boolean {
    return (
      own.fingerprint === theirs.fingerprint &&
      (this.#options.compareLsn === false || own.lsn === theirs.lsn)
    );
  }

  #askFirst(own: LogEntry | undefined): void {
    const { lastSync } = this.#options;
    if (own?.vlsn !== lastSync) {
      throw new SyncupError('internal', `the log has no sync point at its lastSync ${lastSync}`);
    }
    this.#step = { type: 'ask', entries: [own] };
  }

  #afterFirst(own: LogEntry, reply: SearchReply): void {
    if (reply.type === 'entry' && this.#matches(own, reply.entry)) {
      this.#match = own;
      this.#finish();
    } else if (reply.type === 'notFound') {
      this.#finish();
    } else if (reply.type === 'alternate') {
      this.#alternate = reply.entry;
      if (reply.entry.vlsn < this.#options.first) {
        this.#lastTried = reply.entry.vlsn;
        this.#finish();
      } else {
        this.#mode = 'alternate';
        this.#step = this.#lookUp([reply.entry.vlsn]);
      }
    } else {
      this.#high = own.vlsn;
      this.#begin();
    }
  }

  /** The feeder's last sync point is known in full: no request is needed to compare it. */
  #compareAlternate(own: LogEntry | undefined): void {
    if (own === undefined || own.vlsn < this.#options.first) {
      this.#finish();
      return;
    }
    const alternate = this.#alternate!;
    this.#lastTried = own.vlsn;
    if (own.vlsn === alternate.vlsn) {
      if (this.#matches(own, alternate)) {
        this.#match = own;
        this.#finish();
        return;
      }
      this.#high = own.vlsn;
    } else {
      this.#high = own.vlsn + 1n;
    }
    this.#begin();
  }

  #begin(): void {
    if (this.#options.strategy === 'descending') this.#descend(this.#high - 1n);
    else {
      this.#mode = 'gallop';
      this.#plan();
    }
  }

  #lookUp(at: readonly bigint[]): SearchStep {
    this.#targets = at;
    return { type: 'lookup', at };
  }

  /** Plans the next flight, or ends the search. */
  #plan(): void {
    const targets: bigint[] = [];
    if (this.#mode === 'gallop') {
      if (this.#match !== undefined || this.#high - this.#distance <= this.#low) {
        this.#mode = 'bisect';
      } else {
        const origin = this.#high;
        while (targets.length < this.#flight && origin - this.#distance > this.#low) {
          targets.push(origin - this.#distance);
          this.#distance *= 2n;
        }
        // From the next flight on distances count from a lower mismatch: that only speeds it up.
        this.#sample(targets, this.#low, this.#high, Math.min(16, this.#flight - targets.length));
      }
    }
    if (this.#mode === 'bisect') {
      const size = this.#high - this.#low - 1n;
      if (size <= 0n) {
        this.#verify();
        return;
      }
      const samples = this.#match === undefined ? 0 : Math.min(SAMPLES, this.#flight >> 3);
      const room = BigInt(this.#flight - (this.#options.chained ? 0 : samples));
      const count = room < size ? room : size;
      for (let i = count; i >= 1n; i--) {
        targets.push(this.#low + (i * (size + 1n)) / (count + 1n));
      }
      if (this.#match) this.#sample(targets, this.#missing, this.#match.vlsn, samples);
    }
    this.#step = this.#lookUp(targets);
  }

  /** Adds random VLSNs between `above` and `below` to check that the logs are ordered. */
  #sample(targets: bigint[], above: bigint, below: bigint, count: number): void {
    if (this.#options.chained) return;
    const size = below - above - 1n;
    if (size < 1n) return;
    const { random = () => 0.5 } = this.#options;
    for (let i = 0; i < count; i++) {
      const share = BigInt(Math.floor(random() * 2 ** 32));
      targets.push(above + 1n + ((size * share) >> 32n));
    }
  }

  /** An unchained match counts once some below it match as well. */
  #verify(): void {
    const match = this.#match;
    if (match === undefined || this.#options.chained || this.#mode === 'verify') {
      this.#finish();
      return;
    }
    let support = 0;
    for (const vlsn of this.#matched) if (vlsn < match.vlsn) support++;
    const targets: bigint[] = [];
    if (support < SAMPLES) {
      this.#mode = 'verify';
      const count = Math.min(SAMPLES - support, this.#flight);
      this.#sample(targets, this.#missing, match.vlsn, count);
    }
    if (targets.length === 0) this.#finish();
    else this.#step = this.#lookUp(targets);
  }

  #askCandidates(found: readonly (LogEntry | undefined)[]): void {
    const floor = this.#mode === 'bisect' ? this.#low : this.#missing;
    const candidates = new Map<bigint, LogEntry>();
    let empty = this.#low;
    found.forEach((entry, i) => {
      const target = this.#targets[i]!;
      const at = entry?.vlsn ?? 0n;
      if (at <= floor && target > empty && target < this.#high) empty = target;
      if (entry === undefined || at >= this.#high || at <= this.#missing) return;
      if (!this.#matched.has(at)) candidates.set(at, entry);
    });
    // Nothing lies between the low end and these targets.
    if (this.#mode === 'bisect' || this.#match === undefined) this.#low = empty;
    const entries = [...candidates.values()].sort((a, b) => (a.vlsn < b.vlsn ? 1 : -1));
    if (entries.length > 0) this.#step = { type: 'ask', entries: entries.slice(0, this.#flight) };
    else if (this.#mode === 'verify') this.#finish();
    else this.#plan();
  }

  #afterFlight(asked: readonly LogEntry[], replies: readonly SearchReply[]): void {
    // In one flight everything is compared with everything before it, then with what is known.
    let high = this.#high;
    let match = this.#match;
    let missing = this.#missing;
    replies.forEach((reply, i) => {
      const own = asked[i]!;
      if (reply.type === 'notFound') {
        if (own.vlsn > missing) missing = own.vlsn;
      } else if (reply.type === 'entry' && this.#matches(own, reply.entry)) {
        this.#matched.add(own.vlsn);
        if (match === undefined || own.vlsn > match.vlsn) match = own;
      } else if (own.vlsn < high) {
        high = own.vlsn;
      }
    });
    if ((match !== undefined && match.vlsn > high) || missing > high) {
      this.#ordered = false;
      this.#match = undefined;
      this.#high = this.#options.lastSync;
      this.#missing = this.#options.first - 1n;
      const from = this.#alternate?.vlsn ?? this.#options.lastSync - 1n;
      this.#descend(from);
      return;
    }
    this.#high = high;
    this.#missing = missing;
    // Below a hole in the feeder's log a match is of no use: it could not stream across.
    this.#match = match !== undefined && match.vlsn > missing ? match : undefined;
    const known = this.#match?.vlsn ?? missing;
    if (known > this.#low) this.#low = known;
    // A hole that is found only now ends the gallop as well: what is left lies above it.
    if (this.#mode === 'verify') this.#finish();
    else this.#plan();
  }

  #descend(from: bigint): void {
    this.#mode = 'descending';
    this.#cursor = from;
    this.#batch = [];
    this.#step = this.#lookUp([from]);
  }

  #gather(entry: LogEntry | undefined): void {
    const more = entry !== undefined && entry.vlsn >= this.#options.first;
    if (more) {
      this.#batch.push(entry);
      this.#cursor = entry.vlsn - 1n;
      if (this.#batch.length < this.#batchSize) {
        this.#step = this.#lookUp([this.#cursor]);
        return;
      }
    }
    if (this.#batch.length > 0) this.#step = { type: 'ask', entries: this.#batch };
    else this.#finish();
  }

  #afterDescending(asked: readonly LogEntry[], replies: readonly SearchReply[]): void {
    for (const [i, reply] of replies.entries()) {
      if (reply.type === 'entry' && this.#matches(asked[i]!, reply.entry)) this.#match = asked[i];
      else if (reply.type !== 'notFound') continue;
      this.#finish();
      return;
    }
    this.#batchSize = Math.min(this.#batchSize * 2, this.#flight);
    this.#descend(this.#cursor);
  }

  #finish(): void {
    this.#step = {
      type: 'done',
      matchpoint: this.#match,
      lastTried: this.#lastTried,
      ordered: this.#ordered,
      flights: this.#flights,
      requests: this.#requests,
    };
  }
}
