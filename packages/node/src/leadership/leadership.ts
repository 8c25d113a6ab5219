import { NodeError } from '../errors.ts';
import { MAX_EPOCH } from '../votes/term.ts';

/** Who is to feed, as whoever decides that says. */
export interface LeaderChoice {
  /** The node's name. */
  readonly leader: string;
  /**
   * Grows whenever another node is chosen, 0..2^44-1. Of two choices the one with the higher
   * epoch counts, so that a node with an old one can do no harm.
   */
  readonly epoch: bigint;
}

/** What an adapter is told. */
export interface LeadershipContext {
  /** This node's name. */
  readonly name: string;
  /** Whether this node is a voter with a log, and so may be chosen. */
  readonly canLead: boolean;
  /** Fires when the node leaves or closes: give the leadership up and end. */
  readonly signal: AbortSignal;
}

/**
 * Decides who feeds: a fixed choice, or an adapter to what elects leaders, such as etcd. However
 * wrong it is (two leaders at once, or none), nothing that was acknowledged is lost: a leader
 * cannot make entries durable without the promises of a majority of voters.
 */
export interface Leadership {
  /**
   * The choices, the present one first, and `undefined` while there is none. A node steps down
   * when it is chosen no longer. Ending leaves the last choice standing; throwing counts as
   * `undefined`, and is reported.
   */
  choices(context: LeadershipContext): AsyncIterable<LeaderChoice | undefined>;
}

/**
 * The leader is `leader` until the cluster is configured otherwise: give whoever is to take over
 * a higher `epoch` (default 1), and the old one follows it when it comes back, even if it has not
 * heard of the change. Throws `argument` for an epoch out of range.
 */
export function fixedLeader(leader: string, epoch: bigint | number = 1n): Leadership {
  const choice = { leader, epoch: checkedEpoch(epoch) };
  return {
    async *choices() {
      yield choice;
    },
  };
}

/** A leader that is chosen by calls: see {@link manualLeader}. */
export interface ManualLeader extends Leadership {
  /** Chooses a leader; `epoch` is higher than any before. Throws `argument` for one out of range. */
  choose(leader: string, epoch: bigint | number): void;
  /** Nobody is to feed. */
  choose(leader: undefined): void;
}

/** The leader is whom the program chooses, by whatever means it learns of that. */
export function manualLeader(): ManualLeader {
  let choice: LeaderChoice | undefined;
  const waiting = new Set<() => void>();
  return {
    choose(leader: string | undefined, epoch: bigint | number = 1n) {
      choice = leader === undefined ? undefined : { leader, epoch: checkedEpoch(epoch) };
      for (const wake of waiting) wake();
    },
    async *choices({ signal }) {
      let seen: LeaderChoice | undefined;
      let wake = (): void => {};
      const look = (): void => wake();
      waiting.add(look);
      signal.addEventListener('abort', look);
      try {
        while (!signal.aborted) {
          if (choice !== seen) {
            seen = choice;
            yield seen;
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        waiting.delete(look);
        signal.removeEventListener('abort', look);
      }
    },
  };
}

/** Throws `argument`. */
function checkedEpoch(value: bigint | number): bigint {
  const epoch = typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value) : -1n;
  if (epoch >= 0n && epoch <= MAX_EPOCH) return epoch;
  throw new NodeError('argument', `an epoch is 0..${MAX_EPOCH}, not ${value}`);
}
