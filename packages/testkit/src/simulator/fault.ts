import type { Latency } from './latency.ts';

/** How the network treats packets. Shares are 0..1, of the packets sent. */
export interface Weather {
  readonly latency: Latency;
  /** Share that is lost. */
  readonly loss: number;
  /** Share that arrives twice. */
  readonly duplicate: number;
  /** Share that is held back, for up to `reorderBy` ms, so that later ones overtake it. */
  readonly reorder: number;
  readonly reorderBy: number;
}

/** A local network on a good day: 0.2 to 1 ms, nothing lost. */
export const FAIR_WEATHER: Weather = {
  latency: { type: 'uniform', least: 0.2, most: 1 },
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderBy: 0,
};

/**
 * Something that befalls the cluster; plain data, so that a list of them can be stored and run
 * again. Nodes are given by number. Times are in ms.
 */
export type Fault =
  /** The process ends without a word. */
  | { readonly type: 'crash'; readonly node: number }
  /** It starts again, with nothing remembered; if it runs it is ended first. */
  | { readonly type: 'restart'; readonly node: number }
  /** It says goodbye and ends. */
  | { readonly type: 'leave'; readonly node: number }
  /** The process stands still: no timer, no packet. Its socket takes in what it can hold. */
  | { readonly type: 'pause'; readonly node: number; readonly ms: number }
  /**
   * Timers run, but what it sends and what is sent to it is held up. Source: the Lifeguard
   * paper, section V-D, where this stands for a machine short of processor time.
   */
  | { readonly type: 'block'; readonly node: number; readonly ms: number }
  /** Its clock runs `rate` times as fast as it should. */
  | { readonly type: 'skew'; readonly node: number; readonly rate: number }
  /** Its clock is set forward, or back. */
  | { readonly type: 'jump'; readonly node: number; readonly ms: number }
  /** Nothing gets from any of these nodes to any of those; the other way it does. */
  | { readonly type: 'cut'; readonly from: readonly number[]; readonly to: readonly number[] }
  /** These nodes and the others cannot reach one another. Adds to earlier splits. */
  | { readonly type: 'partition'; readonly nodes: readonly number[] }
  /** Ends all cuts and partitions. */
  | { readonly type: 'heal' }
  /** Ends all that does not end by itself or by a restart, and pauses and blocks as well. */
  | { readonly type: 'calm' }
  /** The weather everywhere, or of packets from and to one node. */
  | { readonly type: 'weather'; readonly weather: Weather; readonly node?: number }
  /** It takes on new metadata, and so a new identity. */
  | { readonly type: 'rename'; readonly node: number; readonly metadata: string }
  /** It spreads bytes of the application's: so many of them. */
  | { readonly type: 'broadcast'; readonly node: number; readonly size: number };

/** A fault and when it comes, in ms of virtual time. */
export interface TimedFault {
  readonly at: number;
  readonly fault: Fault;
}

/** What faults really did; a fault that is asked for and does nothing is a fault of the test. */
export interface Effects {
  crashes: number;
  restarts: number;
  leaves: number;
  /** Timers and packets that waited for a paused process. */
  pauses: number;
  /** Packets held up on their way into or out of a blocked node. */
  blocks: number;
  /** Packets lost because a socket buffer of a paused or blocked node was full. */
  overflows: number;
  /** Times that a clock was read that ran at a wrong rate. */
  skews: number;
  jumps: number;
  /** Packets that a one-way cut stopped. */
  cuts: number;
  /** Packets that a partition stopped. */
  partitions: number;
  losses: number;
  duplicates: number;
  /** Packets that arrive before an earlier one to the same node. Counted in such weather. */
  reorders: number;
  renames: number;
  broadcasts: number;
}

export function newEffects(): Effects {
  return {
    crashes: 0,
    restarts: 0,
    leaves: 0,
    pauses: 0,
    blocks: 0,
    overflows: 0,
    skews: 0,
    jumps: 0,
    cuts: 0,
    partitions: 0,
    losses: 0,
    duplicates: 0,
    reorders: 0,
    renames: 0,
    broadcasts: 0,
  };
}

/** The effects that a fault must have in time. */
export function expectedEffects(fault: Fault): (keyof Effects)[] {
  switch (fault.type) {
    case 'crash':
      return ['crashes'];
    case 'restart':
      return ['restarts'];
    case 'leave':
      return ['leaves'];
    case 'pause':
      return ['pauses'];
    case 'block':
      return ['blocks'];
    case 'skew':
      return fault.rate === 1 ? [] : ['skews'];
    case 'jump':
      return ['jumps'];
    case 'cut':
      return ['cuts'];
    case 'partition':
      return ['partitions'];
    case 'heal':
    case 'calm':
      return [];
    case 'weather': {
      const { loss, duplicate, reorder } = fault.weather;
      const effects: (keyof Effects)[] = [];
      // A single node may be cut off all the while.
      if (fault.node !== undefined) return effects;
      if (loss > 0) effects.push('losses');
      if (duplicate > 0) effects.push('duplicates');
      if (reorder > 0) effects.push('reorders');
      return effects;
    }
    case 'rename':
      return ['renames'];
    case 'broadcast':
      return ['broadcasts'];
  }
}
