import { type MembershipEvent, type NodeIdentity, nodeTraits, type Swim } from '@shoal/membership';
import type { JoinRetry } from '@shoal/membership/driver';
import { ExchangeSchedule, Joiner } from '@shoal/membership/internal';
import type { Random } from '../random.ts';

/** How nodes find the cluster. Times are in ms. */
export interface JoinPolicy extends JoinRetry {
  /** The numbers of the nodes to announce to. Default: 0, 1 and 2. */
  readonly seeds?: readonly number[] | undefined;
  /**
   * Whether a node keeps looking for seeds once it is in a cluster, as a real one does. Default
   * false, so that the protocol alone must heal a split.
   */
  readonly persistent?: boolean | undefined;
}

/** Options of a {@link NodeDriver}. */
export interface NodeDriverOptions {
  readonly swim: Swim<NodeIdentity>;
  readonly join: JoinPolicy;
  /** Identities to announce to. */
  readonly seeds: readonly NodeIdentity[];
  /** Decides which seeds are tried, and when. */
  readonly joinRandom: Random;
  /** The time between exchanges of states, in ms; undefined if there are none. */
  readonly exchangeInterval: number | undefined;
  /** Decides when states are exchanged, and with whom. */
  readonly exchangeRandom: Random;
  announce(to: NodeIdentity): void;
  exchange(partner: NodeIdentity): void;
}

/**
 * Does for a simulated process what the driver of `@shoal/membership` does for a real one: runs
 * the same joiner and the same schedule of exchanges. Times are in ms of virtual time: a driver's
 * timers are monotonic, so a clock that is set does not affect them.
 */
export class NodeDriver {
  readonly #options: NodeDriverOptions;
  readonly #joiner: Joiner<NodeIdentity>;
  readonly #exchanges: ExchangeSchedule<NodeIdentity> | undefined;

  constructor(options: NodeDriverOptions, now: number) {
    this.#options = options;
    const { swim, join, exchangeInterval: interval } = options;
    const random = options.joinRandom;
    this.#joiner = new Joiner({ swim, traits: nodeTraits, retry: join, random });
    if (interval !== undefined) {
      this.#exchanges = new ExchangeSchedule(
        { swim, interval, random: options.exchangeRandom },
        now,
      );
    }
    this.#joiner.start(now);
  }

  /** When to call {@link tick} next. */
  get nextDeadline(): number {
    return Math.min(
      this.#joiner.nextDeadline,
      this.#exchanges?.nextDeadline ?? Number.POSITIVE_INFINITY,
    );
  }

  /** Makes the attempt to join, and begins the exchange, that are due. */
  tick(now: number): void {
    const attempt = this.#joiner.tick(now);
    if (attempt !== undefined) {
      for (const seed of this.#joiner.choose(attempt, this.#options.seeds)) {
        this.#options.announce(seed);
        this.#options.exchange(seed);
      }
      this.#joiner.finish(attempt, now);
    }
    const partner = this.#exchanges?.tick(now);
    if (partner !== undefined) this.#options.exchange(partner);
  }

  /** Takes in an event of the machine. */
  onEvent(event: MembershipEvent<NodeIdentity>, now: number): void {
    const { persistent = false } = this.#options.join;
    if (event.type === 'idle' && persistent) this.#joiner.start(now);
    else if (event.type === 'active' && !persistent) this.#joiner.stop();
  }

  /** The node is leaving, so it no longer looks for seeds. */
  leave(): void {
    this.#joiner.stop();
  }
}
