import { type Leadership, leaderChoice } from './leadership.ts';

/**
 * The leader is `leader` until the configuration changes. To move the leadership, give the next
 * leader a higher `epoch` (default 1). The previous one follows it when it comes back, even with
 * its old configuration. Throws `argument` for an epoch outside 0..2^44-1.
 */
export function fixedLeader(leader: string, epoch: bigint | number = 1n): Leadership {
  const choice = leaderChoice(leader, epoch);
  return {
    async *choices() {
      yield choice;
    },
  };
}
