import { DEFAULT_MAX_PACKET_SIZE } from '@shoal/wire/internal';
import { SwimError } from './errors.ts';

/** Something done every `interval` ms to `members` random members. */
export interface Periodic {
  /** In ms, above 0. */
  readonly interval: number;
  /** 1 or more. */
  readonly members: number;
}

/** A quantity that is fixed, or grows with the logarithm of the size of the cluster. */
export type Scale =
  | { readonly type: 'fixed'; readonly value: number }
  | { readonly type: 'scaled'; readonly multiplier: number };

/** The parts of Lifeguard, each of which can be had without the others. */
export interface LifeguardParts {
  /** LHA-Probe: we probe more slowly while there are signs that it is we who are slow. */
  readonly localHealth: boolean;
  /** LHA-Suspicion: a suspicion lasts long at first, and less with each further suspector. */
  readonly suspicion: boolean;
  /** The buddy system: a ping to a suspect tells it so. */
  readonly buddy: boolean;
}

/** The parameters of the protocol. Times are in ms. Begin with a preset and change a copy. */
export interface SwimConfig {
  /** One member is probed each period. More than `probeTimeout`; 2 to 3 times as much is good. */
  readonly probePeriod: number;
  /** How long to wait for a direct answer before others are asked to probe, too. */
  readonly probeTimeout: number;
  /** How many members are asked to probe in our stead, 0 or more. Also how many a burst reaches. */
  readonly indirectProbes: number;
  /**
   * How long a suspect has to refute. Scaled: `multiplier * max(1, log10 N) * probePeriod`.
   * Source: memberlist, `suspicionTimeout` in util.go; foca's `suspicion_duration`.
   */
  readonly suspicion: Scale;
  /**
   * Lifeguard: a suspicion lasts at first this many times the time above, and less with each
   * further member that suspects. 1 or more. Source: memberlist's SuspicionMaxTimeoutMult, 6.
   */
  readonly suspicionMaxFactor: number;
  /**
   * How often an update or broadcast is sent at the most, 1..255. Scaled:
   * `floor(multiplier * log10(N + 1))`, but at least 3. Source: foca's `compute_max_tx`; its
   * least is 1, with which one lost packet in a cluster of two or three is news lost for good.
   */
  readonly transmissions: Scale;
  /** Spreads queued updates and broadcasts besides what probes carry. */
  readonly gossip?: Periodic | undefined;
  /** Asks members for other members. */
  readonly announce?: Periodic | undefined;
  /** Asks members that are held to have failed: a split heals by this. */
  readonly announceDown?: Periodic | undefined;
  /** How long a Down identity is remembered, and so kept out. */
  readonly removeDownAfter: number;
  /** The largest datagram, in bytes, sent or taken: 128..65,507. */
  readonly maxPacketSize: number;
  /** Whether a member that is held to be Down is told so when it talks to us. */
  readonly notifyDown: boolean;
  /**
   * Lifeguard: all of it, none, or the parts that are true. Takes effect only if the codec can
   * carry it. Where parts are given, be they all false, whoever hears of a suspicion starts its
   * timer, as in memberlist; with `false` only those do whose own probe has failed, as in foca.
   */
  readonly lifeguard: boolean | LifeguardParts;
  /** How long {@link Swim.leave} tries to be heard before it gives up. */
  readonly leaveTimeout: number;
  /** A size of the cluster to reckon with in the formulae before it is reached. 1 or more. */
  readonly expectedMembers: number;
  /** How many addresses are remembered, Down ones included; Down ones make room. */
  readonly maxMembers: number;
  /** How many custom broadcasts are queued; the most sent ones make room. */
  readonly maxBroadcasts: number;
  /** How many bytes of custom broadcasts are queued. */
  readonly maxBroadcastBytes: number;
}

/** What all presets begin with. */
const COMMON = {
  probeTimeout: 500,
  indirectProbes: 3,
  suspicionMaxFactor: 6,
  removeDownAfter: 24 * 60 * 60 * 1000,
  maxPacketSize: DEFAULT_MAX_PACKET_SIZE,
  leaveTimeout: 5000,
  expectedMembers: 1,
  maxMembers: 262_144,
  maxBroadcasts: 1024,
  maxBroadcastBytes: 262_144,
};

const LAN = {
  probePeriod: 1000,
  suspicion: { type: 'scaled', multiplier: 4 },
  transmissions: { type: 'scaled', multiplier: 4 },
  gossip: { interval: 200, members: 3 },
  announce: { interval: 30_000, members: 1 },
  announceDown: { interval: 65_000, members: 2 },
  notifyDown: true,
  lifeguard: true,
} satisfies Partial<SwimConfig>;

const WAN: Partial<SwimConfig> = {
  probePeriod: 5000,
  probeTimeout: 3000,
  suspicion: { type: 'scaled', multiplier: 6 },
  gossip: { interval: 500, members: 4 },
  announce: { interval: 60_000, members: 2 },
  announceDown: { interval: 125_000, members: 3 },
  leaveTimeout: 15_000,
};

const LOCAL: Partial<SwimConfig> = {
  probeTimeout: 200,
  indirectProbes: 1,
  suspicion: { type: 'scaled', multiplier: 3 },
  transmissions: { type: 'scaled', multiplier: 2 },
  gossip: { interval: 100, members: 3 },
  announce: { interval: 15_000, members: 1 },
  announceDown: { interval: 30_000, members: 2 },
  leaveTimeout: 3000,
};

/** SWIM with suspicion and nothing else. Source: foca's `Config::simple`. */
export function simple(): SwimConfig {
  return {
    ...COMMON,
    probePeriod: 1500,
    suspicion: { type: 'fixed', value: 3000 },
    transmissions: { type: 'fixed', value: 10 },
    notifyDown: false,
    lifeguard: false,
  };
}

/**
 * For a local network. Source: memberlist's DefaultLANConfig and foca's `Config::new_lan`.
 * `expectedMembers` is a lower bound for N, which otherwise follows the live cluster.
 */
export function lan(expectedMembers = 1): SwimConfig {
  return { ...COMMON, ...LAN, expectedMembers };
}

/** For the internet. Source: memberlist's DefaultWANConfig and foca's `Config::new_wan`. */
export function wan(expectedMembers = 1): SwimConfig {
  return { ...COMMON, ...LAN, ...WAN, expectedMembers };
}

/** For one machine: tests and development. Source: memberlist's DefaultLocalConfig. */
export function local(): SwimConfig {
  return { ...COMMON, ...LAN, ...LOCAL };
}

/** How long a suspicion lasts at least, in ms, in a cluster of `size` with ourselves. */
export function suspicionTimeout(config: SwimConfig, size: number): number {
  const { suspicion } = config;
  if (suspicion.type === 'fixed') return suspicion.value;
  const n = Math.max(size, config.expectedMembers);
  return suspicion.multiplier * Math.max(1, Math.log10(n)) * config.probePeriod;
}

/**
 * How many further suspectors bring a suspicion down to its least duration: `multiplier - 2`,
 * or 0 where the cluster has fewer than that to offer. Source: memberlist, `suspectNode`.
 */
export function suspicionConfirmations(config: SwimConfig, size: number): number {
  if (config.suspicion.type === 'fixed') return 0;
  const wanted = Math.floor(config.suspicion.multiplier) - 2;
  return wanted < 1 || size - 2 < wanted ? 0 : wanted;
}

const LEAST_TRANSMISSIONS = 3;

/** How often an update is sent at the most, 1..255, in a cluster of `size` with ourselves. */
export function transmissionLimit(config: SwimConfig, size: number): number {
  const { transmissions } = config;
  const n = Math.max(size, config.expectedMembers);
  const limit =
    transmissions.type === 'fixed'
      ? transmissions.value
      : Math.max(LEAST_TRANSMISSIONS, Math.floor(transmissions.multiplier * Math.log10(n + 1)));
  return Math.min(255, limit);
}

const ALL_PARTS: LifeguardParts = { localHealth: true, suspicion: true, buddy: true };

/** Which parts of Lifeguard are on; undefined when it is off. */
export function lifeguardParts(config: SwimConfig): LifeguardParts | undefined {
  const { lifeguard } = config;
  if (typeof lifeguard !== 'boolean') return lifeguard;
  return lifeguard ? ALL_PARTS : undefined;
}

/** The least and, of integers, the greatest value of each setting that is a number. */
const RANGES: readonly (readonly [name: Numeric, least: number, most?: number])[] = [
  ['probePeriod', 1],
  ['probeTimeout', 1],
  ['indirectProbes', 0, 255],
  ['suspicionMaxFactor', 1],
  ['removeDownAfter', 1],
  ['maxPacketSize', 128, 65_507],
  ['leaveTimeout', 0],
  ['expectedMembers', 1],
  ['maxMembers', 1, 0x100_0000],
  ['maxBroadcasts', 1, 0x100_0000],
  ['maxBroadcastBytes', 1, 0x8000_0000],
];

/** Throws a {@link SwimError} with code `config` if a setting is outside its range. */
export function checkConfig(config: SwimConfig): void {
  const wrong = (message: string): never => {
    throw new SwimError('config', message);
  };
  // With a `most` it must be an integer.
  const check = (name: string, value: number, least: number, most?: number): void => {
    const whole = most !== undefined;
    const fits = whole ? Number.isInteger(value) && value <= most : Number.isFinite(value);
    if (fits && value >= least) return;
    const range = whole ? `an integer of ${least}..${most}` : `a number of at least ${least}`;
    wrong(`${name} must be ${range}, not ${value}`);
  };
  for (const [name, least, most] of RANGES) check(name, config[name], least, most);
  if (config.probePeriod <= config.probeTimeout) {
    wrong('probePeriod must be more than probeTimeout');
  }
  const { suspicion, transmissions, lifeguard } = config;
  if (suspicion.type === 'fixed') check('suspicion.value', suspicion.value, 1);
  else check('suspicion.multiplier', suspicion.multiplier, 1);
  if (transmissions.type === 'fixed') check('transmissions.value', transmissions.value, 1, 255);
  else check('transmissions.multiplier', transmissions.multiplier, 0);
  for (const name of ['gossip', 'announce', 'announceDown'] as const) {
    const periodic = config[name];
    if (periodic === undefined) continue;
    check(`${name}.interval`, periodic.interval, 1);
    check(`${name}.members`, periodic.members, 1, 65_535);
  }
  for (const name of ['localHealth', 'suspicion', 'buddy'] as const) {
    if (typeof lifeguard === 'boolean' || typeof lifeguard?.[name] === 'boolean') continue;
    wrong(`lifeguard must be a boolean, or have a boolean ${name}`);
  }
}

/** The settings that are numbers. */
type Numeric = {
  [Name in keyof SwimConfig]: SwimConfig[Name] extends number ? Name : never;
}[keyof SwimConfig] &
  string;
