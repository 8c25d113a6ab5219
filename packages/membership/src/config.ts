import { DEFAULT_MAX_PACKET_SIZE } from '@shoal/wire/internal';
import { SwimError } from './errors.ts';

/** Something that is sent to `members` random members every `interval` ms. Both are 1 or more. */
type Periodic = { readonly interval: number; readonly members: number };

/** A quantity that is fixed, or grows with the logarithm of the cluster's size. */
type Scale =
  | { readonly type: 'fixed'; readonly value: number }
  | { readonly type: 'scaled'; readonly multiplier: number };

/** The parts of Lifeguard, each of which works without the others. */
type LifeguardParts = {
  /** LHA-Probe: a member probes more slowly while it seems to be slow itself. */
  readonly localHealth: boolean;
  /** LHA-Suspicion: a suspicion lasts long at first, and shrinks with each further suspector. */
  readonly suspicion: boolean;
  /** The buddy system: a ping to a suspect says that it is suspected. */
  readonly buddy: boolean;
};

/**
 * The parameters of the protocol. Start with a preset, such as {@link lan}, and change a copy. Times
 * are in ms. Times and numbers are 1 or more, unless another range is given.
 */
export interface SwimConfig {
  /** One member is probed each period. Must exceed `probeTimeout`; 2 to 3 times as long is good. */
  readonly probePeriod: number;
  /** How long to wait for a direct answer before helpers are asked to probe. */
  readonly probeTimeout: number;
  /** How many helpers are asked to probe, and how many members a burst of gossip reaches. 0..255. */
  readonly indirectProbes: number;
  /**
   * How long a suspect has to refute. Scaled: `multiplier * max(1, log10 N) * probePeriod`, with N
   * the number of members.
   * Source: memberlist, `suspicionTimeout` in util.go; foca's `suspicion_duration`.
   */
  readonly suspicion: Scale;
  /**
   * Lifeguard: at first, a suspicion lasts this many times longer than `suspicion`; each further
   * suspector shortens it. Source: memberlist's SuspicionMaxTimeoutMult, 6.
   */
  readonly suspicionMaxFactor: number;
  /**
   * How many times an update or broadcast is sent, 1..255. Scaled: `floor(multiplier * log10(N + 1))`,
   * but at least 3. Source: foca's `compute_max_tx`, whose minimum is 1: there, one lost packet in a
   * cluster of two or three loses an update for good.
   */
  readonly transmissions: Scale;
  /** Sends queued updates and broadcasts, in addition to those that probes carry. */
  readonly gossip?: Periodic | undefined;
  /**
   * Asks active members which other members they know. A newcomer asks after half a second, and then
   * after waits that double up to the interval.
   */
  readonly announce?: Periodic | undefined;
  /** Asks members that failed, which heals a split. */
  readonly announceDown?: Periodic | undefined;
  /** How long a Down identity is remembered and kept out. */
  readonly removeDownAfter: number;
  /** The largest datagram that is sent or accepted, in bytes: 128..65,507. */
  readonly maxPacketSize: number;
  /** Whether to tell a Down member that it is Down when it sends a packet. */
  readonly notifyDown: boolean;
  /**
   * Lifeguard: all of it, none of it, or the parts that are true. Has no effect if the codec cannot
   * carry it. With parts, even if all are false, every member that hears of a suspicion starts its
   * timer, as in memberlist; with `false` only a member whose own probe failed does, as in foca.
   */
  readonly lifeguard: boolean | LifeguardParts;
  /** How long {@link Swim.leave} tries to reach enough members. 0 or more. */
  readonly leaveTimeout: number;
  /** A lower bound for N in the formulas, for a cluster that is not complete yet. */
  readonly expectedMembers: number;
  /** How many addresses are remembered, Down members included. Down members make room. */
  readonly maxMembers: number;
  /**
   * How many unknown members are taken in per second on average; 16 times as many at once. More are
   * ignored until later, so that a flood of made-up members cannot fill the table.
   */
  readonly newcomersPerSecond: number;
  /** How many custom broadcasts are queued. Those sent most often make room. */
  readonly maxBroadcasts: number;
  /** How many bytes of custom broadcasts are queued. */
  readonly maxBroadcastBytes: number;
}

/** What all presets have in common. */
const COMMON = {
  probeTimeout: 500,
  indirectProbes: 3,
  suspicionMaxFactor: 6,
  removeDownAfter: 24 * 60 * 60 * 1000,
  maxPacketSize: DEFAULT_MAX_PACKET_SIZE,
  leaveTimeout: 5000,
  expectedMembers: 1,
  maxMembers: 262_144,
  newcomersPerSecond: 1024,
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

/** For a local network. Source: memberlist's DefaultLANConfig and foca's `Config::new_lan`. */
export function lan(expectedMembers = 1): SwimConfig {
  return { ...COMMON, ...LAN, expectedMembers };
}

/** For the internet, or several regions. Source: memberlist's DefaultWANConfig and foca's `Config::new_wan`. */
export function wan(expectedMembers = 1): SwimConfig {
  return { ...COMMON, ...LAN, ...WAN, expectedMembers };
}

/** For one machine: tests and development. Source: memberlist's DefaultLocalConfig. */
export function local(): SwimConfig {
  return { ...COMMON, ...LAN, ...LOCAL };
}

/** The shortest duration of a suspicion, in ms, in a cluster of `size` members. */
export function suspicionTimeout(config: SwimConfig, size: number): number {
  const { suspicion } = config;
  if (suspicion.type === 'fixed') return suspicion.value;
  const n = Math.max(size, config.expectedMembers);
  return suspicion.multiplier * Math.max(1, Math.log10(n)) * config.probePeriod;
}

/**
 * How many further suspectors shorten a suspicion to its least duration: `multiplier - 2`, or 0 if
 * the cluster is too small for that. Source: memberlist, `suspectNode`.
 */
export function suspicionConfirmations(config: SwimConfig, size: number): number {
  if (config.suspicion.type === 'fixed') return 0;
  const wanted = Math.floor(config.suspicion.multiplier) - 2;
  return wanted < 1 || size - 2 < wanted ? 0 : wanted;
}

const LEAST_TRANSMISSIONS = 3;

/** How many times an update is sent, 1..255, in a cluster of `size` members. */
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
const PARTS = Object.keys(ALL_PARTS) as (keyof LifeguardParts)[];

/** The parts of Lifeguard that are on; undefined if it is off. */
export function lifeguardParts(config: SwimConfig): LifeguardParts | undefined {
  const { lifeguard } = config;
  if (typeof lifeguard !== 'boolean') return lifeguard;
  return lifeguard ? ALL_PARTS : undefined;
}

/** The least value of each numeric setting and, for integers, the greatest. */
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
  ['newcomersPerSecond', 1],
  ['maxBroadcasts', 1, 0x100_0000],
  ['maxBroadcastBytes', 1, 0x8000_0000],
];

/** Throws a {@link SwimError} with code `config` if a setting is outside its range. */
export function checkConfig(config: SwimConfig): void {
  const wrong = (message: string): never => {
    throw new SwimError('config', message);
  };
  // With `most`, the value must be an integer.
  const check = (name: string, value: number, least: number, most?: number): void => {
    const whole = most !== undefined;
    const fits = whole ? Number.isInteger(value) && value <= most : Number.isFinite(value);
    if (fits && value >= least) return;
    const range = whole ? `an integer of ${least}..${most}` : `a number from ${least}`;
    wrong(`${name} must be ${range}, not ${value}`);
  };
  for (const [name, least, most] of RANGES) check(name, config[name], least, most);
  if (config.probePeriod <= config.probeTimeout) {
    wrong('probePeriod must exceed probeTimeout');
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
  for (const name of PARTS) {
    if (typeof lifeguard === 'boolean' || typeof lifeguard?.[name] === 'boolean') continue;
    wrong(`lifeguard.${name} must be a boolean`);
  }
}

/** The settings that are numbers. */
type Numeric = {
  [Name in keyof SwimConfig]: SwimConfig[Name] extends number ? Name : never;
}[keyof SwimConfig] &
  string;
