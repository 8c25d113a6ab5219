import { Waiters } from '@shoal/async';
import { type LeaderChoice, type Leadership, leaderChoice } from './leadership.ts';

/** A leadership that the program controls by calls. Made by {@link manualLeader}. */
export interface ManualLeader extends Leadership {
  /**
   * Chooses a leader. `epoch` must be higher than all epochs before. Throws `argument` for an
   * epoch outside 0..2^44-1.
   */
  choose(leader: string, epoch: bigint | number): void;
  /** Chooses no leader: the current one steps down. */
  choose(leader: undefined): void;
}

/** The leader is whichever node the program chooses. */
export function manualLeader(): ManualLeader {
  let choice: LeaderChoice | undefined;
  const changes = new Waiters();
  return {
    choose(leader: string | undefined, epoch: bigint | number = 1n) {
      choice = leader === undefined ? undefined : leaderChoice(leader, epoch);
      changes.resolveAll();
    },
    async *choices({ signal }) {
      let seen: LeaderChoice | undefined;
      while (!signal.aborted) {
        if (choice === seen) await changes.wait({ signal }).catch(() => undefined);
        else {
          seen = choice;
          yield seen;
        }
      }
    },
  };
}
