import type { Swim } from '../swim.ts';

/** Options of an {@link ExchangeSchedule}. */
export interface ExchangeScheduleOptions<Id> {
  readonly swim: Pick<Swim<Id>, 'activeCount' | 'members'>;
  /** The time between exchanges in a small cluster, in ms; 0 for none. */
  readonly interval: number;
  /** Returns numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** The largest cluster in which exchanges come at their interval. Source: memberlist. */
const LARGEST_UNSCALED = 32;
/** The share by which the interval is varied either way. */
const JITTER = 0.25;

/**
 * The factor by which the interval grows in a cluster of `size` members, so that the load of each
 * member stays flat. Source: memberlist, `pushPullScale` in util.go.
 */
export function exchangeScale(size: number): number {
  if (size <= LARGEST_UNSCALED) return 1;
  return Math.ceil(Math.log2(size) - Math.log2(LARGEST_UNSCALED)) + 1;
}

/**
 * Decides when to exchange whole states over a stream, and with which member. Sans-I/O: call
 * {@link tick} at {@link nextDeadline}, and exchange states with the member that it returns.
 */
export class ExchangeSchedule<Id> {
  readonly #options: ExchangeScheduleOptions<Id>;
  #nextDeadline: number;

  /** The first exchange comes within one interval from `now`, so that nodes spread out. */
  constructor(options: ExchangeScheduleOptions<Id>, now: number) {
    this.#options = options;
    this.#nextDeadline = now + this.#interval * options.random();
  }

  /** When to call {@link tick} next, in ms; Infinity if there are no periodic exchanges. */
  get nextDeadline(): number {
    return this.#nextDeadline;
  }

  /**
   * Returns the member to exchange states with now. Returns undefined if no exchange is due, or if
   * there is no other member.
   */
  tick(now: number): Id | undefined {
    if (now < this.#nextDeadline) return undefined;
    const { random, swim } = this.#options;
    this.#nextDeadline = now + this.#interval * (1 - JITTER + 2 * JITTER * random());
    const members = [...swim.members()];
    return members[Math.floor(random() * members.length)]?.id;
  }

  /** The current interval, in ms. */
  get #interval(): number {
    const { interval, swim } = this.#options;
    if (interval === 0) return Number.POSITIVE_INFINITY;
    return interval * exchangeScale(swim.activeCount + 1);
  }
}
