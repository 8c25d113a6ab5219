import type { JoinRetry } from './options.ts';

/** Announces go to so many seeds at an attempt, so that a long list is no burst. */
const SEEDS_AT_ONCE = 3;
/** By how much, either way, a wait is varied: nodes that start together must not stay in step. */
const JITTER = 0.25;

/** What a {@link Joiner} works with. */
export interface JoinTarget<Seed> {
  readonly seeds: () => readonly Seed[] | Promise<readonly Seed[]>;
  readonly retry: JoinRetry;
  readonly random: () => number;
  /** Whether we are part of a cluster. */
  isActive(): boolean;
  /** Whether a seed is ourselves or an active member. */
  isKnown(seed: Seed): boolean;
  announce(seed: Seed): void;
  /** The seeds could not be looked up, or one cannot be announced to. */
  failed(error: unknown): void;
}

/**
 * Joins at seeds and does not give up: with growing waits while we are alone, and slowly
 * forever after while some seed is no member, so that two clusters that were started apart
 * become one.
 */
export class Joiner<Seed> {
  readonly #target: JoinTarget<Seed>;
  readonly #first: number;
  readonly #most: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait: number;
  /** Counts starts and stops: an attempt that was begun before the last one is void. */
  #round = 0;

  constructor(target: JoinTarget<Seed>) {
    this.#target = target;
    this.#first = target.retry.first ?? 500;
    this.#most = target.retry.most ?? 30_000;
    this.#wait = this.#first;
  }

  /** Tries now, as for the first time. Called at the start, and whenever we are alone again. */
  start(): void {
    this.stop();
    this.#wait = this.#first;
    void this.#attempt(this.#round);
  }

  stop(): void {
    this.#round++;
    clearTimeout(this.#timer);
  }

  /** Never rejects. */
  async #attempt(round: number): Promise<void> {
    try {
      const seeds = await this.#target.seeds();
      if (round !== this.#round) return;
      for (const seed of this.#choose(seeds)) this.#target.announce(seed);
    } catch (error) {
      if (round === this.#round) this.#target.failed(error);
    }
    // Announcing may have ended it.
    if (round === this.#round) this.#again(round);
  }

  /** Some of the seeds that are no members, at random. */
  #choose(seeds: readonly Seed[]): Seed[] {
    const unknown = seeds.filter((seed) => !this.#target.isKnown(seed));
    const count = this.#target.isActive() ? 1 : SEEDS_AT_ONCE;
    const chosen: Seed[] = [];
    while (chosen.length < count && unknown.length > 0) {
      const at = Math.floor(this.#target.random() * unknown.length);
      chosen.push(...unknown.splice(at, 1));
    }
    return chosen;
  }

  #again(round: number): void {
    const wait = this.#target.isActive() ? this.#most : this.#wait;
    this.#wait = Math.min(this.#most, this.#wait * 2);
    const varied = wait * (1 - JITTER + 2 * JITTER * this.#target.random());
    this.#timer = setTimeout(() => void this.#attempt(round), varied);
  }
}
