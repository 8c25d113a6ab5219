import type { IdentityTraits } from '../members/identity.ts';
import type { Swim } from '../swim.ts';

/**
 * How long to wait between attempts to join, and for the seeds, in ms. Each wait between attempts
 * is varied by up to a quarter.
 */
export interface JoinRetry {
  /**
   * The wait after the first lap, in which every seed is tried once. Doubles with each further lap.
   * Default 500.
   */
  readonly first?: number | undefined;
  /**
   * The longest wait. In a cluster, also the wait between looks for seeds that are not members.
   * Default 30,000.
   */
  readonly most?: number | undefined;
  /** How long to wait for the seeds to be looked up. Default 5,000. */
  readonly lookUpTimeout?: number | undefined;
}

/** Options of a {@link Joiner}. */
export interface JoinerOptions<Id> {
  readonly swim: Pick<Swim<Id>, 'identity' | 'state' | 'memberAt'>;
  readonly traits: Pick<IdentityTraits<Id>, 'address'>;
  readonly retry: JoinRetry;
  /** Returns numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** How many seeds one attempt announces to while alone: a long list must not become a burst. */
const SEEDS_AT_ONCE = 3;
/** The wait between the attempts of one lap, in ms, unless `first` is shorter. */
const WAIT_IN_LAP = 250;
/** How many seeds are remembered by who answered there. A function may return others each time. */
const MAX_ANSWERED = 1024;
/** The share by which a wait is varied either way, so that nodes that start together spread out. */
const JITTER = 0.25;

/**
 * Decides when to try to join, and at which seeds. It tries them in random order, each once a lap,
 * so that one live seed among many dead ones is soon found. It never gives up: while alone it waits
 * longer after each lap; in a cluster it occasionally looks for a seed that is not a member, so that
 * two clusters that started apart become one.
 *
 * Sans-I/O: call {@link expire} and {@link tick} at {@link nextDeadline}. If the latter returns an
 * attempt, look up the seeds, announce to those that {@link choose} picks, and {@link finish} the
 * attempt.
 */
export class Joiner<Id> {
  readonly #options: JoinerOptions<Id>;
  readonly #first: number;
  readonly #most: number;
  readonly #lookUpTimeout: number;
  #wait: number;
  #nextDeadline: number = Number.POSITIVE_INFINITY;
  /** The number of the latest attempt. */
  #attempt = 0;
  #underWay = false;
  /** The addresses of the seeds that were tried in the current lap. */
  readonly #tried = new Set<string>();
  #lapOver = true;
  /** The seeds of the current lap, in the order in which they were tried. */
  #lap: Id[] = [];
  #unanswered: readonly Id[] = [];
  /** The address of the member that answered at a seed's address, by that address. */
  readonly #answeredBy = new Map<string, string>();

  constructor(options: JoinerOptions<Id>) {
    this.#options = options;
    this.#first = options.retry.first ?? 500;
    this.#most = options.retry.most ?? 30_000;
    this.#lookUpTimeout = options.retry.lookUpTimeout ?? 5000;
    this.#wait = this.#first;
  }

  /** When to call {@link expire} and {@link tick} next, in ms; Infinity while stopped. */
  get nextDeadline(): number {
    return this.#nextDeadline;
  }

  /** Makes an attempt due now, as if it were the first. Call it at the start and on `idle`. */
  start(now: number): void {
    this.#underWay = false;
    this.#tried.clear();
    this.#answeredBy.clear();
    this.#lap = [];
    this.#wait = this.#first;
    this.#nextDeadline = now;
  }

  /**
   * This member answers at the address of a seed, which may be another name of its own: the seed is
   * known for as long as the member is.
   */
  answered(seed: Id, member: Id): void {
    const { address } = this.#options.traits;
    if (this.#answeredBy.size >= MAX_ANSWERED) this.#answeredBy.clear();
    this.#answeredBy.set(address(seed), address(member));
  }

  /** Makes no further attempt, and gives up the one under way. Call it on `defunct`. */
  stop(): void {
    this.#underWay = false;
    this.#nextDeadline = Number.POSITIVE_INFINITY;
  }

  /** Begins the attempt that is due at `now` and returns its number; undefined if none is due. */
  tick(now: number): number | undefined {
    if (this.#underWay || now < this.#nextDeadline) return undefined;
    this.#underWay = true;
    if (this.#lapOver) {
      this.#unanswered = this.#options.swim.state === 'active' ? [] : this.#lap;
      this.#lap = [];
    }
    this.#lapOver = true;
    this.#nextDeadline = now + this.#lookUpTimeout;
    return ++this.#attempt;
  }

  /**
   * The seeds that were tried in vain in the last lap, if this member is still alone after it. Call
   * it after {@link tick} has begun an attempt. Returns them once.
   */
  takeUnanswered(): readonly Id[] {
    const unanswered = this.#unanswered;
    this.#unanswered = [];
    return unanswered;
  }

  /**
   * Gives up the attempt under way if its time is over at `now`, and schedules the next one.
   * Returns whether it did so.
   */
  expire(now: number): boolean {
    if (!this.#underWay || now < this.#nextDeadline) return false;
    this.finish(this.#attempt, now);
    return true;
  }

  /** Whether the attempt is still under way: neither finished nor given up. */
  isCurrent(attempt: number): boolean {
    return this.#underWay && attempt === this.#attempt;
  }

  /**
   * Picks seeds that are not active members, at random among those not tried in this lap. `seeds`
   * may differ from attempt to attempt. Picks none if the attempt was given up.
   */
  choose(attempt: number, seeds: readonly Id[]): Id[] {
    if (!this.isCurrent(attempt)) return [];
    const { random, swim, traits } = this.#options;
    const unknown = seeds.filter((seed) => !this.#isKnown(seed));
    let left = unknown.filter((seed) => !this.#tried.has(traits.address(seed)));
    if (left.length === 0) {
      this.#tried.clear();
      left = unknown;
    }
    const count = swim.state === 'active' ? 1 : SEEDS_AT_ONCE;
    const chosen: Id[] = [];
    while (chosen.length < count && left.length > 0) {
      chosen.push(...left.splice(Math.floor(random() * left.length), 1));
    }
    for (const seed of chosen) this.#tried.add(traits.address(seed));
    this.#lap.push(...chosen);
    // A function may return other seeds each time: then a lap is as long as one list.
    this.#lapOver = left.length === 0 || this.#tried.size >= seeds.length;
    if (this.#lapOver) this.#tried.clear();
    return chosen;
  }

  /** Ends an attempt, however it went, and schedules the next one. */
  finish(attempt: number, now: number): void {
    if (!this.isCurrent(attempt)) return;
    this.#underWay = false;
    const { random, swim } = this.#options;
    let wait = Math.min(WAIT_IN_LAP, this.#wait);
    if (swim.state === 'active') wait = this.#most;
    else if (this.#lapOver) {
      wait = this.#wait;
      this.#wait = Math.min(this.#most, wait * 2);
    }
    this.#nextDeadline = now + wait * (1 - JITTER + 2 * JITTER * random());
  }

  /** Whether a seed is this member itself, or an active member. */
  #isKnown(seed: Id): boolean {
    const { swim, traits } = this.#options;
    const named = traits.address(seed);
    const address = this.#answeredBy.get(named) ?? named;
    if (address === traits.address(swim.identity)) return true;
    const member = swim.memberAt(address);
    return member !== undefined && member.state !== 'down';
  }
}
