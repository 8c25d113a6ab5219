import { EventLog } from './event-log.ts';
import { type Effects, expectedEffects } from './fault.ts';
import { Invariants, InvariantViolation } from './invariants.ts';
import { type Plan, planConfig } from './plan.ts';
import { Simulator } from './simulator.ts';
import type { SimulatorStats } from './stats.ts';

/** The outcome of a run. */
export interface Outcome {
  readonly plan: Plan;
  /** The invariant that was broken; undefined if all held. */
  readonly violation: InvariantViolation | undefined;
  /** How long after the last fault all views agreed, in ms; undefined if they never did. */
  readonly convergedAfter: number | undefined;
  /** The mean number of packets per member and probe period at rest. */
  readonly load: number | undefined;
  readonly effects: Readonly<Effects>;
  readonly stats: Readonly<SimulatorStats>;
  /** A hash of everything that happened: equal for equal runs. */
  readonly digest: string;
  /** Everything that happened, line by line; empty without the option `log`. */
  readonly log: readonly string[];
}

/** How often all views are checked, in ms. */
const SCAN_INTERVAL = 20_000;
/** How often it is checked whether all views agree, in ms. */
const STEP = 1000;
/** The end of a run, in ms, during which all views agree and the load is measured. */
const REST = 120_000;
/** Packets per member and period at rest: a ping, an ack, and some announces and feeds. */
const MAX_LOAD = 3;
/** The same for a single member, which may be asked for more feeds than others. */
const MAX_LOAD_OF_ONE = 6;

/**
 * Runs a plan and checks every invariant. A broken one is the outcome's `violation`, not an error.
 * Throws a `RangeError` for an invalid plan. `log`: whether to keep the log. Default false.
 */
export function runPlan(plan: Plan, options: { readonly log?: boolean | undefined } = {}): Outcome {
  const { seed, nodes, weather, join } = plan;
  const config = planConfig(plan);
  const exchange = plan.exchange ? {} : undefined;
  const sim = new Simulator({ seed, nodes, weather, join, config, exchange });
  const log = new EventLog(sim, { keep: options.log ?? false });
  sim.observers.push(log);
  const invariants = new Invariants(sim);
  const result: { convergedAfter?: number; load?: number } = {};
  let violation: InvariantViolation | undefined;
  try {
    carryOut(plan, sim, invariants, result);
  } catch (error) {
    violation =
      error instanceof InvariantViolation
        ? error
        : new InvariantViolation('no-throw', sim.now, String(error), { cause: error });
  }
  const { effects, stats } = sim;
  const { convergedAfter, load } = result;
  const { digest, lines } = log;
  return { plan, violation, convergedAfter, load, effects, stats, digest, log: lines };
}

function carryOut(
  plan: Plan,
  sim: Simulator,
  invariants: Invariants,
  result: { convergedAfter?: number; load?: number },
): void {
  const { duration, faults } = plan;
  for (const { at, fault } of faults) sim.at(at, () => sim.inject(fault));
  // One after the other, so that their periods differ.
  for (const { index } of sim.nodes) sim.at(index * 37, () => sim.start(index));
  const scan = (): void => {
    invariants.scan();
    sim.at(sim.now + SCAN_INTERVAL, scan);
  };
  sim.at(SCAN_INTERVAL, scan);

  const calm = faults.at(-1)?.at ?? 0;
  sim.run(calm);
  const took = sim.runUntil(duration - REST - calm, STEP, () => sim.converged);
  if (took === undefined) explainDivergence(sim);
  result.convergedAfter = took;
  sim.run(duration - REST - sim.now);
  result.load = measureLoad(sim);
  if (!sim.converged) explainDivergence(sim);
  invariants.scan();
  checkFaultsFired(plan, sim);
}

/** Throws an error that names members that disagree. */
function explainDivergence(sim: Simulator): never {
  const members = sim.nodes.filter((node) => node.takesPart);
  const wrong: string[] = [];
  let heldDown = false;
  for (const node of members) {
    for (const other of members) {
      if (other === node) continue;
      const held = node.swim!.memberAt(other.address);
      const { identity } = other.swim!;
      if (held?.state === 'down') heldDown = true;
      if (held?.state === 'alive' && held.id.generation === identity.generation) continue;
      wrong.push(`n${node.index} holds n${other.index} ${held?.state ?? 'unknown'}`);
    }
    for (const { id } of node.swim!.members()) {
      if (!members.some((other) => other.address === id.address)) {
        wrong.push(`n${node.index} holds ${id.address} active, which does not run`);
      }
    }
  }
  const some = wrong.length > 0 ? wrong.slice(0, 5).join('; ') : 'incarnations differ';
  throw new InvariantViolation(
    heldDown ? 'not-down-for-ever' : 'converges',
    sim.now,
    `${wrong.length} disagreements among ${members.length} members: ${some}`,
  );
}

/** Lets the cluster rest, and returns how many packets it sends per member and period. */
function measureLoad(sim: Simulator): number {
  const members = sim.nodes.filter((node) => node.takesPart);
  const before = members.map(({ swim }) => swim!.stats().packetsSent);
  sim.run(REST);
  const periods = REST / sim.config.probePeriod;
  const loads = members.map(({ swim }, i) => (swim!.stats().packetsSent - before[i]!) / periods);
  for (const { swim, index } of members) {
    const { queuedUpdates, queuedBroadcasts } = swim!.stats();
    if (queuedUpdates + queuedBroadcasts === 0) continue;
    const what = `n${index} has ${queuedUpdates} updates and ${queuedBroadcasts} broadcasts queued`;
    throw new InvariantViolation('queues-drain', sim.now, what);
  }
  const mean = loads.reduce((sum, load) => sum + load, 0) / Math.max(1, loads.length);
  const most = Math.max(0, ...loads);
  if (mean > MAX_LOAD || most > MAX_LOAD_OF_ONE) {
    const what = `${mean.toFixed(2)} packets per member and period, at most ${most.toFixed(2)}`;
    throw new InvariantViolation('flat-load', sim.now, what);
  }
  return mean;
}

/** Few faults may have no effect, such as the pause of a node that is cut off and idle. */
const MAX_WITHOUT_EFFECT = 2;

function checkFaultsFired(plan: Plan, sim: Simulator): void {
  const asked = new Map<keyof Effects, number>();
  for (const { fault } of plan.faults) {
    for (const effect of expectedEffects(fault)) asked.set(effect, (asked.get(effect) ?? 0) + 1);
  }
  const missing = [...asked].filter(
    ([name, times]) => times > MAX_WITHOUT_EFFECT && sim.effects[name] === 0,
  );
  if (missing.length > 0) {
    const names = missing.map(([name]) => name).join(', ');
    const what = `planned more than ${MAX_WITHOUT_EFFECT} times, but without effect: ${names}`;
    throw new InvariantViolation('faults-fire', sim.now, what);
  }
}

/**
 * Removes faults from the plan of a failed run for as long as it still breaks the same invariant,
 * and returns the outcome with the fewest faults. Returns a run without a violation unchanged.
 */
export function shrinkPlan(failing: Outcome): Outcome {
  let best = failing;
  const code = failing.violation?.code;
  if (code === undefined) return failing;
  for (let size = Math.ceil(best.plan.faults.length / 2); size >= 1; size = Math.floor(size / 2)) {
    // The last fault stays: it ends all others.
    for (let from = 0; from < best.plan.faults.length - 1; ) {
      const { faults } = best.plan;
      const end = Math.min(from + size, faults.length - 1);
      const fewer = runPlan({
        ...best.plan,
        faults: [...faults.slice(0, from), ...faults.slice(end)],
      });
      if (fewer.violation?.code === code) best = fewer;
      else from = end;
    }
  }
  return best;
}
