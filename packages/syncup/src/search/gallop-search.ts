import { SyncupError } from '../errors.ts';
import type { LogEntry } from '../log/log-store.ts';
import type { Matches } from './comparison.ts';
import type { PhaseStep, SearchPhase } from './phase.ts';
import type { SearchReply } from './search-step.ts';

/** How many lower sync points must match before an unchained match is believed. */
const SAMPLES = 3;

/** Where a {@link GallopSearch} looks. */
export interface GallopSearchOptions {
  /** This VLSN does not match, and the matchpoint lies below. */
  readonly high: bigint;
  /** The lowest VLSN of the replica's log. */
  readonly first: bigint;
  /** How many requests may be in flight. */
  readonly flight: number;
  /** Whether one match proves every entry below. */
  readonly chained: boolean;
  readonly matches: Matches;
  readonly random: () => number;
}

/**
 * Doubles the distance below the last mismatch until a sync point matches (gallop), then narrows
 * the range between match and mismatch (bisect), and without chained fingerprints asks for a few
 * more sync points below the match (verify).
 */
export class GallopSearch implements SearchPhase {
  readonly #options: GallopSearchOptions;
  #mode: 'gallop' | 'bisect' | 'verify' = 'gallop';
  /** The lowest VLSN known not to match. The matchpoint lies below. */
  #high: bigint;
  /** Besides the match, no candidate lies at or below this VLSN. */
  #low: bigint;
  /** The feeder holds neither this VLSN nor any below. */
  #missing: bigint;
  /** The highest match so far. */
  #match: LogEntry | undefined;
  /** Every VLSN that matched: they support an unchained match above them. */
  readonly #matched = new Set<bigint>();
  #distance = 1n;

  constructor(options: GallopSearchOptions) {
    this.#options = options;
    this.#high = options.high;
    this.#low = options.first - 1n;
    this.#missing = options.first - 1n;
  }

  start(): PhaseStep {
    return this.#nextFlight();
  }

  lookedUp(found: readonly (LogEntry | undefined)[], at: readonly bigint[]): PhaseStep {
    const floor = this.#mode === 'bisect' ? this.#low : this.#missing;
    const candidates = new Map<bigint, LogEntry>();
    let empty = this.#low;
    found.forEach((entry, i) => {
      const target = at[i]!;
      const vlsn = entry?.vlsn ?? 0n;
      if (vlsn <= floor && target > empty && target < this.#high) empty = target;
      if (entry === undefined || vlsn >= this.#high || vlsn <= this.#missing) return;
      if (!this.#matched.has(vlsn)) candidates.set(vlsn, entry);
    });
    // Between the low end and these targets there is no sync point.
    if (this.#mode === 'bisect' || this.#match === undefined) this.#low = empty;
    if (candidates.size === 0) {
      return this.#mode === 'verify' ? this.#found() : this.#nextFlight();
    }
    const descending = [...candidates.values()].sort((a, b) => (a.vlsn < b.vlsn ? 1 : -1));
    return { type: 'ask', entries: descending.slice(0, this.#options.flight) };
  }

  answered(replies: readonly SearchReply[], asked: readonly LogEntry[]): PhaseStep {
    let high = this.#high;
    let match = this.#match;
    let missing = this.#missing;
    replies.forEach((reply, i) => {
      const own = asked[i]!;
      if (reply.type === 'notFound') {
        if (own.vlsn > missing) missing = own.vlsn;
      } else if (reply.type === 'entry' && this.#options.matches(own, reply.entry)) {
        this.#matched.add(own.vlsn);
        if (match === undefined || own.vlsn > match.vlsn) match = own;
      } else if (own.vlsn < high) {
        high = own.vlsn;
      }
    });
    if (match !== undefined && match.vlsn > high) {
      if (this.#options.chained) throw contradiction(match.vlsn, high);
      return { type: 'unordered' };
    }
    if (missing > high) return { type: 'unordered' };
    this.#high = high;
    this.#missing = missing;
    // A match below a hole in the feeder's log is useless: the stream could not cross the hole.
    this.#match = match !== undefined && match.vlsn > missing ? match : undefined;
    const known = this.#match?.vlsn ?? missing;
    if (known > this.#low) this.#low = known;
    return this.#mode === 'verify' ? this.#found() : this.#nextFlight();
  }

  #nextFlight(): PhaseStep {
    const targets = this.#mode === 'gallop' ? this.#gallopTargets() : [];
    if (this.#mode === 'bisect') {
      if (this.#high - this.#low <= 1n) return this.#verify();
      this.#addBisectTargets(targets);
    }
    return { type: 'lookup', at: targets };
  }

  /** Targets at doubling distances; none, and the mode changes, once the gallop is over. */
  #gallopTargets(): bigint[] {
    const targets: bigint[] = [];
    if (this.#match !== undefined || this.#high - this.#distance <= this.#low) {
      this.#mode = 'bisect';
      return targets;
    }
    const { flight } = this.#options;
    while (targets.length < flight && this.#high - this.#distance > this.#low) {
      targets.push(this.#high - this.#distance);
      this.#distance *= 2n;
    }
    const count = Math.min(16, flight - targets.length);
    this.#addSamples(targets, { above: this.#low, below: this.#high, count });
    return targets;
  }

  /** Targets that divide the range between low and high into equal parts. */
  #addBisectTargets(targets: bigint[]): void {
    const { flight, chained } = this.#options;
    const size = this.#high - this.#low - 1n;
    const samples = this.#match === undefined ? 0 : Math.min(SAMPLES, flight >> 3);
    const room = BigInt(flight - (chained ? 0 : samples));
    const count = room < size ? room : size;
    for (let i = count; i >= 1n; i--) {
      targets.push(this.#low + (i * (size + 1n)) / (count + 1n));
    }
    if (this.#match) {
      this.#addSamples(targets, { above: this.#missing, below: this.#match.vlsn, count: samples });
    }
  }

  /** Believes an unchained match only once enough sync points below it match too. */
  #verify(): PhaseStep {
    const match = this.#match;
    const { chained, flight } = this.#options;
    if (match === undefined || chained) return this.#found();
    let support = 0;
    for (const vlsn of this.#matched) if (vlsn < match.vlsn) support++;
    if (support >= SAMPLES) return this.#found();
    this.#mode = 'verify';
    const targets: bigint[] = [];
    const count = Math.min(SAMPLES - support, flight);
    this.#addSamples(targets, { above: this.#missing, below: match.vlsn, count });
    return targets.length === 0 ? this.#found() : { type: 'lookup', at: targets };
  }

  /** Adds random VLSNs between `above` and `below`, to notice logs that are not ordered. */
  #addSamples(
    targets: bigint[],
    { above, below, count }: { above: bigint; below: bigint; count: number },
  ): void {
    const size = below - above - 1n;
    if (this.#options.chained || size < 1n) return;
    for (let i = 0; i < count; i++) {
      const share = BigInt(Math.floor(this.#options.random() * 2 ** 32));
      targets.push(above + 1n + ((size * share) >> 32n));
    }
  }

  #found(): PhaseStep {
    return { type: 'found', matchpoint: this.#match };
  }
}

/** A chained fingerprint covers all entries below, so no match can be above a mismatch. */
function contradiction(match: bigint, mismatch: bigint): SyncupError {
  const text = `its entry at VLSN ${match} is the replica's, but not the one at ${mismatch} below it`;
  return new SyncupError('protocol', `the feeder contradicts itself: ${text}`);
}
