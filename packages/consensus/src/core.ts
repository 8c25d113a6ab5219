import type { Voter } from './log/configuration.ts';
import type { Message } from './messages.ts';
import type { ConsensusOptions, ElectionTiming } from './options.ts';
import type { ConsensusOutput, ConsensusReport } from './outputs.ts';
import type { Phase, State } from './state.ts';

/** What the parts of a machine share. */
export interface Core {
  readonly self: Voter;
  readonly options: ConsensusOptions;
  readonly timing: ElectionTiming;
  state: State;
  /** The time of the present input. */
  now: number;
  emit(output: ConsensusOutput): void;
}

export function send(core: Core, to: string, message: Message): void {
  core.emit({ type: 'send', to, message });
}

export function report(core: Core, found: ConsensusReport): void {
  core.emit({ type: 'report', report: found });
}

/** The present phase, if it is of this type. */
export function phaseOf<T extends Phase['type']>(
  { state }: Core,
  type: T,
): Extract<Phase, { type: T }> | undefined {
  return state.phase.type === type ? (state.phase as Extract<Phase, { type: T }>) : undefined;
}
