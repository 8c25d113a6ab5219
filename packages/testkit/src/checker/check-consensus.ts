import type { CheckBounds } from './bounds.ts';
import { type ClusterAction, ClusterModel } from './cluster-model.ts';
import { decodeState, encodeState } from './cluster-state.ts';
import { describeAction } from './describe-action.ts';
import type { ConsensusClass } from './node-model.ts';
import type { CheckResult, Violation } from './result.ts';

/** How long to check. */
export interface CheckLimits {
  readonly maxStates: number;
}

/**
 * Visits every state that a cluster of real consensus cores can reach within bounds, the nearest
 * first, and checks the invariants in each. A violation comes with a shortest way to it.
 */
export function checkConsensus(
  Consensus: ConsensusClass,
  bounds: CheckBounds,
  { maxStates }: CheckLimits,
): CheckResult {
  const model = new ClusterModel(Consensus, bounds);
  const shape = { nodes: bounds.nodes.length, terms: bounds.maxTerm };
  const first = encodeState(model.first());
  const seen = new Set([first]);
  const queue = [first];
  /** The number of the state before each, and which of its actions led there. */
  const parents: number[] = [0];
  const actions: number[] = [0];
  let steps = 0;
  let committed = 0;
  let depth = 0;
  let levelEnd = 1;
  const result = (exhausted: boolean, violation?: Violation): CheckResult => {
    return { states: queue.length, steps, depth, exhausted, committed, violation };
  };
  const trace = (at: number, last: ClusterAction): string[] => {
    const lines = [describeAction(bounds, last)];
    for (let number = at; number !== 0; number = parents[number]!) {
      const state = decodeState(queue[parents[number]!]!, shape);
      lines.unshift(describeAction(bounds, model.actions(state)[actions[number]!]!));
    }
    return lines;
  };
  for (let at = 0; at < queue.length; at++) {
    if (at === levelEnd) {
      depth++;
      levelEnd = queue.length;
    }
    const state = decodeState(queue[at]!, shape);
    for (const [i, action] of model.actions(state).entries()) {
      const next = model.apply(state, action);
      if (next === undefined) continue;
      steps++;
      if (typeof next === 'string') {
        return result(false, { what: next, trace: trace(at, action) });
      }
      const key = encodeState(next);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(key);
      parents.push(at);
      actions.push(i);
      committed = Math.max(committed, model.trie.length(next.committed));
      if (queue.length >= maxStates) return result(false);
    }
  }
  return result(true);
}
