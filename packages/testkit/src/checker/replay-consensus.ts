import type { CheckBounds } from './bounds.ts';
import { ClusterModel } from './cluster-model.ts';
import { describeAction } from './describe-action.ts';
import type { ConsensusClass } from './node-model.ts';

/**
 * Does what a trace says, line by line. Returns the invariant that it breaks, if any. Throws an
 * error if a line is not possible: the trace is of another core, or of other bounds.
 */
export function replayConsensus(
  Consensus: ConsensusClass,
  bounds: CheckBounds,
  trace: readonly string[],
): string | undefined {
  const model = new ClusterModel(Consensus, bounds);
  let state = model.first();
  for (const line of trace) {
    const action = model.actions(state).find((one) => describeAction(bounds, one) === line);
    const next = action && model.apply(state, action);
    if (next === undefined) throw new Error(`impossible, or without effect: ${line}`);
    if (typeof next === 'string') return next;
    state = next;
  }
  return undefined;
}
