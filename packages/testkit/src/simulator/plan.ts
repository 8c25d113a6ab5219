import { lan, local, type SwimConfig, wan } from '@shoal/membership';
import { type Random, seededRandom } from '../random.ts';
import { FAIR_WEATHER, type Fault, type TimedFault, type Weather } from './fault.ts';
import type { Latency } from './latency.ts';
import type { JoinPolicy } from './node-driver.ts';

/** Everything about one run of a campaign. Plain data that can be stored and run again. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly preset: Preset;
  /** Changes to the preset. */
  readonly config: Partial<SwimConfig>;
  /** The periodic messages of the preset that are turned off. */
  readonly without: readonly ('gossip' | 'announce' | 'announceDown')[];
  readonly weather: Weather;
  readonly join: JoinPolicy;
  /** Whether nodes exchange states over streams. */
  readonly exchange: boolean;
  /** In order of time. The last one is a `calm`. */
  readonly faults: readonly TimedFault[];
  /** The length of the run, in ms of virtual time. */
  readonly duration: number;
}

type Preset = 'lan' | 'local' | 'wan';

const PRESETS: Readonly<Record<Preset, () => SwimConfig>> = { lan, local, wan };

/** The configuration of all nodes of a plan. */
export function planConfig(plan: Plan): SwimConfig {
  const without = Object.fromEntries(plan.without.map((name) => [name, undefined]));
  return { ...PRESETS[plan.preset](), ...plan.config, ...without };
}

/** Limits of a plan. */
export interface PlanLimits {
  /** The number of nodes, from 5 to 60 by default. Small clusters are more frequent. */
  readonly leastNodes?: number | undefined;
  readonly mostNodes?: number | undefined;
  /**
   * The length of the run in ms, 1,200,000 or more. Default 3,000,000. Faults happen in the first
   * two thirds.
   */
  readonly duration?: number | undefined;
}

/** A shorter run would leave too little time to agree, and to rest. */
const LEAST_DURATION = 1_200_000;

/** Makes a plan from a seed. Throws a RangeError for a duration that is too short. */
export function planRun(seed: number, limits: PlanLimits = {}): Plan {
  const { leastNodes = 5, mostNodes = 60, duration = 3_000_000 } = limits;
  if (!(duration >= LEAST_DURATION)) {
    throw new RangeError(`the duration must be at least ${LEAST_DURATION} ms, not ${duration}`);
  }
  const random = seededRandom(`${seed}/plan`);
  const nodes = Math.round(leastNodes * (mostNodes / leastNodes) ** (random() ** 1.5));
  const preset = pick(random, ['lan', 'lan', 'lan', 'lan', 'local', 'local', 'wan'] as const);
  const config: { -readonly [Key in keyof SwimConfig]?: SwimConfig[Key] } = {};
  const persistent = random() < 0.5;
  // A member that is forgotten during a split can come back only through the seeds.
  if (persistent && random() < 0.5) config.removeDownAfter = 120_000 + random() * 600_000;
  if (random() < 0.2) config.lifeguard = false;
  const without = (['gossip', 'announce'] as const).filter(() => random() < 0.1);
  if (random() < 0.2) config.maxPacketSize = pick(random, [200, 300, 508]);
  if (random() < 0.2) config.indirectProbes = pick(random, [0, 1, 5]);
  const seeds = sample(random, nodes, pick(random, [1, 3, nodes]));
  const weather = { ...FAIR_WEATHER, latency: anyLatency(random, 40) };
  const faultsEnd = Math.floor((duration * 2) / 3);
  const join = { seeds, persistent };
  // Gossip may miss a few members. Without announces, they catch up over streams only.
  const exchange = without.includes('announce') || seededRandom(`${seed}/streams`)() < 0.3;
  const { probePeriod } = PRESETS[preset]();
  const planner = new FaultPlanner({ random, nodes, fair: weather, join, probePeriod });
  const faults = planner.plan(faultsEnd);
  return { seed, nodes, preset, config, without, weather, join, exchange, faults, duration };
}

/** Plans faults, and tracks which nodes run, so that each fault has an effect. */
class FaultPlanner {
  readonly #random: Random;
  readonly #nodes: number;
  readonly #fair: Weather;
  /** These always come back; otherwise nodes that restart could find nobody. */
  readonly #seeds: ReadonlySet<number>;
  /** If not, nobody looks for a seed that left, and it cannot find the others itself. */
  readonly #persistent: boolean;
  /** A seed that never restarts, where seeds are not tried forever. */
  readonly #memory: number | undefined;
  readonly #probePeriod: number;
  readonly #faults: TimedFault[] = [];
  readonly #stopped = new Set<number>();
  /** By node: until when it is paused, blocked or leaving, and gets no other fault. */
  readonly #busyUntil: number[];
  /** There is at most one split, and one change of the weather, at a time. */
  #splitUntil = 0;
  #weatherUntil = 0;

  constructor(options: {
    random: Random;
    nodes: number;
    fair: Weather;
    join: JoinPolicy;
    probePeriod: number;
  }) {
    const { random, nodes, fair, join, probePeriod } = options;
    this.#random = random;
    this.#nodes = nodes;
    this.#fair = fair;
    this.#seeds = new Set(join.seeds);
    this.#memory = join.seeds?.[0];
    this.#persistent = join.persistent ?? false;
    this.#probePeriod = probePeriod;
    this.#busyUntil = new Array(nodes).fill(0);
  }

  plan(end: number): TimedFault[] {
    const random = this.#random;
    const pause = 5000 + random() * 120_000;
    for (let at = 20_000; at < end; at += -Math.log(1 - random()) * pause) this.#one(at, end);
    this.#add(end, { type: 'calm' });
    return this.#faults.sort((a, b) => a.at - b.at);
  }

  #add(at: number, fault: Fault): void {
    this.#faults.push({ at: Math.floor(at), fault });
  }

  #one(at: number, end: number): void {
    const random = this.#random;
    const lasts = Math.min(end - at - 1, 3000 + -Math.log(1 - random()) * 90_000);
    if (lasts < 3000) return;
    const node = this.#idleNode(at);
    switch (pick(random, KINDS)) {
      case 'crash':
        if (node === undefined || this.#stopped.size > this.#nodes / 2) return;
        if (this.#mustStay(node)) return;
        this.#add(at, { type: 'crash', node });
        this.#goes(node, at, lasts, end);
        break;
      case 'leave':
        if (node === undefined || this.#stopped.size > this.#nodes / 2) return;
        if (this.#mustStay(node) || (this.#seeds.has(node) && !this.#persistent)) return;
        this.#add(at, { type: 'leave', node });
        this.#goes(node, at, Math.max(lasts, 20_000), end);
        break;
      case 'restart':
        if (node === undefined || this.#mustStay(node)) return;
        this.#add(at, { type: 'restart', node });
        break;
      case 'pause':
      case 'block':
        for (const one of this.#idleNodes(at, random() < 0.5 ? 1 : this.#nodes / 3)) {
          const ms = Math.floor(Math.max(lasts, 20_000));
          this.#busyUntil[one] = at + ms;
          this.#add(at, { type: random() < 0.5 ? 'pause' : 'block', node: one, ms });
        }
        break;
      case 'skew':
        if (node === undefined) return;
        this.#add(at, { type: 'skew', node, rate: 0.8 + random() * 0.45 });
        this.#add(at + lasts, { type: 'skew', node, rate: 1 });
        break;
      case 'jump': {
        if (node === undefined) return;
        const ms = Math.floor(1000 * 3600 ** random());
        this.#add(at, { type: 'jump', node, ms: random() < 0.5 ? ms : -ms });
        break;
      }
      case 'split': {
        const one = this.#side(at);
        if (at < this.#splitUntil || one === undefined) return;
        const [from, to] = one;
        this.#splitUntil = Math.min(end, at + lasts * 2);
        if (random() < 0.4) this.#add(at, { type: 'cut', from, to });
        else this.#add(at, { type: 'partition', nodes: from });
        const other = this.#side(at + lasts);
        if (other && random() < 0.3) {
          this.#add(at + lasts, { type: 'partition', nodes: other[0] });
        }
        this.#add(this.#splitUntil, { type: 'heal' });
        break;
      }
      case 'weather': {
        if (at < this.#weatherUntil) return;
        this.#weatherUntil = Math.min(end - 1, at + Math.max(lasts, 20 * this.#probePeriod));
        const weather = anyWeather(random, 2 * this.#probePeriod);
        const one = random() < 0.3 ? node : undefined;
        this.#add(at, { type: 'weather', weather, ...(one === undefined ? {} : { node: one }) });
        this.#add(this.#weatherUntil, { type: 'weather', weather: this.#fair });
        break;
      }
      case 'rename':
        if (node === undefined) return;
        this.#add(at, { type: 'rename', node, metadata: `role-${Math.floor(random() * 1000)}` });
        break;
      case 'broadcast':
        if (node === undefined) return;
        for (let i = 0; i < 1 + random() * 20; i++) {
          this.#add(at, { type: 'broadcast', node, size: 4 + Math.floor(random() * 60) });
        }
        break;
    }
  }

  /**
   * Whether the node must not restart. Where seeds are not tried forever, one node must remember
   * all others: two halves of a split whose members have all restarted do not know of each other.
   */
  #mustStay(node: number): boolean {
    return !this.#persistent && node === this.#memory;
  }

  /** The node is down from `at` on, and usually comes back later. */
  #goes(node: number, at: number, lasts: number, end: number): void {
    this.#stopped.add(node);
    this.#busyUntil[node] = Number.POSITIVE_INFINITY;
    if (!this.#seeds.has(node) && this.#random() < 0.2) return;
    const back = Math.min(end - 1, at + lasts);
    this.#add(back, { type: 'restart', node });
    this.#stopped.delete(node);
    this.#busyUntil[node] = back + 1;
  }

  #idleNodes(at: number, count: number): number[] {
    const shuffled = sample(this.#random, this.#nodes, this.#nodes);
    return shuffled.filter((node) => this.#busyUntil[node]! < at).slice(0, Math.max(1, count));
  }

  #idleNode(at: number): number | undefined {
    return this.#idleNodes(at, 1)[0];
  }

  /** Splits the nodes in two, with nodes that run on both sides. */
  #side(at: number): [number[], number[]] | undefined {
    const idle = this.#idleNodes(at, this.#nodes);
    if (idle.length < 2) return undefined;
    const size = 1 + Math.floor(this.#random() * (idle.length - 1));
    const from = idle.slice(0, size);
    return [
      from,
      Array.from({ length: this.#nodes }, (_, i) => i).filter((i) => !from.includes(i)),
    ];
  }
}

const KINDS = [
  'crash',
  'crash',
  'leave',
  'restart',
  'pause',
  'block',
  'skew',
  'jump',
  'split',
  'split',
  'weather',
  'weather',
  'rename',
  'broadcast',
] as const;

function anyWeather(random: Random, reorderBy: number): Weather {
  return {
    latency: anyLatency(random, 400),
    loss: random() < 0.7 ? 0.05 + random() * 0.45 : 0,
    duplicate: random() < 0.4 ? 0.05 + random() * 0.3 : 0,
    reorder: random() < 0.4 ? 0.2 + random() * 0.4 : 0,
    reorderBy,
  };
}

/** A latency whose typical values are at most `most` ms. */
function anyLatency(random: Random, most: number): Latency {
  const scale = most * random() ** 2;
  return pick<Latency>(random, [
    { type: 'fixed', ms: scale },
    { type: 'uniform', least: scale / 10, most: scale },
    { type: 'exponential', least: 0.1, mean: scale / 2 },
    { type: 'lognormal', median: scale / 2, sigma: 0.5 + random() / 2 },
  ]);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

/** `count` of the numbers below `size`, in random order. */
function sample(random: Random, size: number, count: number): number[] {
  const numbers = Array.from({ length: size }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (size - i));
    [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
  }
  return numbers.slice(0, count);
}
