import { EventLog } from './event-log.ts';
import { type Effects, expectedEffects } from './fault.ts';
import { Invariants, InvariantViolation } from './invariants.ts';
import { type Plan, planConfig } from './plan.ts';
import { Simulator } from './simulator.ts';
import type { SimulatorStats } from './stats.ts';

/** How a run went. */
export interface Outcome {
  readonly plan: Plan;
  /** What was broken; undefined when all held. */
  readonly violation: InvariantViolation | undefined;
  /** How long after the last fault all agreed, in ms; undefined if they never did. */
  readonly convergedAfter: number | undefined;
  /** At rest: packets sent a member and probe period, on average. */
  readonly load: number | undefined;
  readonly effects: Readonly<Effects>;
  readonly stats: Readonly<SimulatorStats>;
  /** Equal for equal runs. */
  readonly digest: string;
  /** What happened, line by line, if that was asked for. */
  readonly log: readonly string[];
}

/** How often all views are looked through, in ms. */
const SCAN_INTERVAL = 20_000;
/** How often it is asked whether all agree. */
const STEP = 1000;
/** The last so many ms: all must agree by then, and the load is measured. */
const REST = 120_000;
/** At rest: a ping and an ack, and some announces and feeds. */
const MAX_LOAD = 3;
/** One member may be asked for more feeds than another. */
const MAX_LOAD_OF_ONE = 6;

/** Does a run, and checks every invariant. Throws nothing but a RangeError for a bad plan. */
export function runPlan(plan: Plan, options: { readonly log?: boolean } = {}): Outcome {
  const { seed, nodes, weather, join } = plan;
  const config = planConfig(plan);
  const exchange = plan.exchange ? { exchange: {} } : {};
  const sim = new Simulator({ seed, nodes, weather, join, config, ...exchange });
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
  // Not all at once, or the first period would be the same for all.
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

/** Throws which of them disagree. */
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

/** Lets the cluster rest, and returns how many packets it sends a member and period. */
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
    const what = `${mean.toFixed(2)} packets a member and period, at most ${most.toFixed(2)}`;
    throw new InvariantViolation('flat-load', sim.now, what);
  }
  return mean;
}

/** One fault may come to nothing, such as the pause of a node that is cut off and idle. */
const IN_VAIN = 2;

function checkFaultsFired(plan: Plan, sim: Simulator): void {
  const asked = new Map<keyof Effects, number>();
  for (const { fault } of plan.faults) {
    for (const effect of expectedEffects(fault)) asked.set(effect, (asked.get(effect) ?? 0) + 1);
  }
  const missing = [...asked].filter(([name, times]) => times > IN_VAIN && sim.effects[name] === 0);
  if (missing.length > 0) {
    const names = missing.map(([name]) => name).join(', ');
    const what = `asked for more than ${IN_VAIN} times, and did not happen: ${names}`;
    throw new InvariantViolation('faults-fire', sim.now, what);
  }
}

/** Leaves out as many faults as it can while the same invariant is broken. */
export function shrinkPlan(failing: Outcome): Outcome {
  let best = failing;
  const code = failing.violation?.code;
  if (code === undefined) return failing;
  for (let size = Math.ceil(best.plan.faults.length / 2); size >= 1; size = Math.floor(size / 2)) {
    // The last one, which ends them all, stays.
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
