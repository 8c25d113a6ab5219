import type { Random } from '../random.ts';
import type { SimNode } from './sim-node.ts';

/** How nodes find the cluster, as in `@shoal/membership/driver`. Times are in ms. */
export interface JoinPolicy {
  /** Numbers of the nodes that are announced to. Default: 0, 1 and 2. */
  readonly seeds?: readonly number[];
  /** The first wait for the next try, which is doubled each time. Default 500. */
  readonly first?: number;
  /** The longest wait. Default 30,000. */
  readonly most?: number;
  /**
   * Whether seeds that are no members are tried for ever after, and not only until there is a
   * cluster. Default false, so that a split is healed by the protocol alone.
   */
  readonly persistent?: boolean;
}

const DEFAULT_SEEDS: readonly number[] = [0, 1, 2];
/** Announces go to so many seeds at a time while a node is alone. */
const SEEDS_AT_ONCE = 3;

/** The seeds that `node` announces to now: some that it does not know to be active. */
export function seedsToTry(
  policy: JoinPolicy | undefined,
  node: SimNode,
  nodes: readonly SimNode[],
  random: Random,
): SimNode[] {
  const unknown = (policy?.seeds ?? DEFAULT_SEEDS).flatMap((index) => {
    const seed = nodes[index];
    if (seed === undefined || seed === node) return [];
    const known = node.swim?.memberAt(seed.address);
    return known !== undefined && known.state !== 'down' ? [] : [seed];
  });
  const count = node.swim?.state === 'active' ? 1 : SEEDS_AT_ONCE;
  const chosen: SimNode[] = [];
  while (chosen.length < count && unknown.length > 0) {
    chosen.push(...unknown.splice(Math.floor(random() * unknown.length), 1));
  }
  return chosen;
}
