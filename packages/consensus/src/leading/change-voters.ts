import { type Core, phaseOf, report } from '../core.ts';
import { ConsensusError } from '../errors.ts';
import {
  type Configuration,
  changed,
  majorityOf,
  type VoterChange,
  voterNamed,
} from '../log/configuration.ts';
import { configurationInForce } from '../log/log-view.ts';
import type { PendingStep } from '../state.ts';
import { heardOf } from './heartbeat.ts';

/** A change of the voters: see `Consensus.changeVoters`. */
export interface ChangeVotersRequest {
  /** Who becomes a voter, once it has caught up as a learner. */
  readonly add?: readonly string[] | undefined;
  /** Who stops being a voter. A name in both lists comes back with a new store. */
  readonly remove?: readonly string[] | undefined;
  /** How long the change may take, in ms. */
  readonly timeout: number;
}

/**
 * Begins to change the voters, one at a time. Each step is an entry in the log that counts from when
 * it is appended, and is committed before the next. Throws `argument`, `not-leader` or `busy`.
 */
export function changeVoters(core: Core, request: ChangeVotersRequest): void {
  const phase = phaseOf(core, 'leading');
  if (phase?.mark === undefined) throw new ConsensusError('not-leader', 'this node does not lead');
  if (phase.change !== undefined) {
    throw new ConsensusError('busy', 'another change of the voters is under way');
  }
  const { add = [], remove = [], timeout } = request;
  const configuration = configurationInForce(core.state.log)!;
  check(configuration, { add, remove });
  const steps = inOrder(add, remove);
  phase.change = { steps, deadline: core.now + timeout, appending: false };
  advanceChange(core);
}

/** Takes the next step of a change, if what it needs has come true. */
export function advanceChange(core: Core): void {
  const phase = phaseOf(core, 'leading');
  const pending = phase?.change;
  if (phase?.mark === undefined || pending === undefined || pending.appending) return;
  const { log, commit } = core.state;
  // The mark of the own term is committed, and so is the last configuration.
  if (commit < phase.mark || commit < log.configurations.at(-1)!.index) return;
  const [step] = pending.steps;
  if (step === undefined) {
    phase.change = undefined;
    report(core, { type: 'votersChanged', error: undefined });
    return;
  }
  const next = configurationAfter(core, step);
  if (next === undefined || missingIn(core, next).length > 0) return;
  pending.steps.shift();
  pending.appending = true;
  core.emit({ type: 'append', configuration: next });
}

/** Gives up a change that takes too long. What is in the log stays in force. */
export function checkChangeDeadline(core: Core): void {
  const phase = phaseOf(core, 'leading');
  const pending = phase?.change;
  if (phase === undefined || pending === undefined || core.now < pending.deadline) return;
  phase.change = undefined;
  const error = { code: 'timeout', missing: missingFor(core, pending.steps[0]) } as const;
  report(core, { type: 'votersChanged', error });
}

/** Undefined while a node that is to be added has not caught up. */
function configurationAfter(core: Core, step: PendingStep): Configuration | undefined {
  const change = 'remove' in step ? step : caughtUp(core, step.add);
  return change && changed(configurationInForce(core.state.log)!, change);
}

function caughtUp(core: Core, name: string): VoterChange | undefined {
  const found = phaseOf(core, 'leading')!.progress[name];
  if (found === undefined || found.index < core.state.commit) return undefined;
  return { add: { name, storeId: found.storeId } };
}

/** Who is missing for a majority of a configuration to be alive. Empty: nobody. */
function missingIn(core: Core, configuration: Configuration): string[] {
  const heard = heardOf(core, configuration);
  if (heard.length >= majorityOf(configuration)) return [];
  return configuration.voters.map(({ name }) => name).filter((name) => !heard.includes(name));
}

function missingFor(core: Core, step: PendingStep | undefined): string[] {
  if (step === undefined) return missingIn(core, configurationInForce(core.state.log)!);
  const next = configurationAfter(core, step);
  if (next !== undefined) return missingIn(core, next);
  return 'add' in step ? [step.add] : [];
}

/**
 * A voter is added before one is removed, so that there are never fewer than need be; but a name that
 * comes back with a new store is removed first.
 */
function inOrder(add: readonly string[], remove: readonly string[]): PendingStep[] {
  const back = remove.filter((name) => add.includes(name));
  return [
    ...add.filter((name) => !back.includes(name)).map((name) => ({ add: name })),
    ...back.flatMap((name) => [{ remove: name }, { add: name }]),
    ...remove.filter((name) => !back.includes(name)).map((name) => ({ remove: name })),
  ];
}

function check(
  configuration: Configuration,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): void {
  const fail = (text: string): never => {
    throw new ConsensusError('argument', text);
  };
  if (add.length + remove.length === 0) fail('name voters to add or to remove');
  for (const name of add) {
    const known = voterNamed(configuration, name) !== undefined;
    if (known && !remove.includes(name)) fail(`${name} is a voter already`);
  }
  for (const name of remove) {
    if (voterNamed(configuration, name) === undefined) fail(`${name} is not a voter`);
  }
  for (const names of [add, remove]) {
    if (new Set(names).size < names.length) fail('name each voter once');
  }
  const stay = configuration.voters.filter(({ name }) => !remove.includes(name));
  const come = add.filter((name) => !remove.includes(name));
  if (stay.length + come.length === 0) fail('at least one voter must remain at each step');
}
