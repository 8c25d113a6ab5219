import { seededRandom } from '../random.ts';
import type { CheckBounds } from './bounds.ts';
import { type ClusterAction, ClusterModel } from './cluster-model.ts';
import { describeAction } from './describe-action.ts';
import type { ConsensusClass, NodeInput } from './node-model.ts';
import type { CheckResult } from './result.ts';

/** How long to walk. */
export interface WalkLimits {
  readonly seed: string;
  readonly steps: number;
  /** How many things happen before a walk begins anew. */
  readonly depth: number;
  /** How likely things are, if not as usual. */
  readonly weights?: Partial<Record<NodeInput['type'], number>> | undefined;
}

/**
 * Walks through the states at random, far deeper than {@link checkConsensus} reaches. The seed makes
 * a walk repeatable. `states` counts those that were passed, with repetitions.
 */
export function walkConsensus(
  Consensus: ConsensusClass,
  bounds: CheckBounds,
  { seed, steps: most, depth, weights = {} }: WalkLimits,
): CheckResult {
  const model = new ClusterModel(Consensus, bounds);
  const random = seededRandom(seed);
  const usual = { ...WEIGHTS, ...weights };
  let steps = 0;
  let committed = 0;
  while (steps < most) {
    let state = model.first();
    const trace: string[] = [];
    let weightOf = drawWeights(random, usual);
    for (let i = 0; i < depth; i++) {
      if (i % REDRAW_EVERY === REDRAW_EVERY - 1) weightOf = drawWeights(random, usual);
      const action = pick(model.actions(state), weightOf, random);
      if (action === undefined) break;
      const next = model.apply(state, action);
      if (next === undefined) continue;
      steps++;
      trace.push(describeAction(bounds, action));
      if (typeof next === 'string') {
        const violation = { what: next, trace };
        return { states: steps, steps, depth, exhausted: false, committed, violation };
      }
      state = next;
      committed = Math.max(committed, model.trie.length(state.committed));
    }
  }
  return { states: steps, steps, depth, exhausted: false, committed, violation: undefined };
}

/** How likely things are: rare faults, so that something is committed between them. */
const WEIGHTS: Record<NodeInput['type'], number> = {
  campaign: 0.15,
  voteStored: 1,
  receive: 1,
  heartbeat: 0.6,
  copy: 2,
  sourceGone: 0.1,
  follow: 2,
  append: 0.5,
  flush: 0.8,
  add: 0.3,
  remove: 0.3,
  crash: 0.05,
  wipe: 0.05,
};

/** After how many steps the likelihoods are drawn anew. */
const REDRAW_EVERY = 12;

/** How often a kind of step is rare at a node, 0..1. */
const RARE_SHARE = 0.3;

/**
 * For a while, some kinds of steps are rare at some nodes, so that a message can be late for long. Source: swarm testing (Groce et al. 2012).
 */
function drawWeights(
  random: () => number,
  usual: Record<NodeInput['type'], number>,
): (action: ClusterAction) => number {
  const factors = new Map<string, number>();
  return ({ node, input: { type } }) => {
    const key = `${node} ${type}`;
    let factor = factors.get(key);
    if (factor === undefined) {
      factor = random() < RARE_SHARE ? 0.01 : 1;
      factors.set(key, factor);
    }
    return factor * usual[type];
  };
}

function pick(
  actions: readonly ClusterAction[],
  weightOf: (action: ClusterAction) => number,
  random: () => number,
): ClusterAction | undefined {
  const weights = actions.map(weightOf);
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return actions[found];
}
