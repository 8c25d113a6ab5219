import type { Latency } from './latency.ts';

/** How the network treats packets. Shares are fractions of the packets sent, 0..1. */
export interface Weather {
  readonly latency: Latency;
  /** The share that is lost. */
  readonly loss: number;
  /** The share that arrives twice. */
  readonly duplicate: number;
  /** The share that is delayed by up to `reorderBy` ms, so that later packets overtake it. */
  readonly reorder: number;
  /** In ms. */
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
 * Something that goes wrong, or is done to the cluster. Plain data, so that a list of faults can be
 * stored and run again. Nodes are given by number. Times are in ms.
 */
export type Fault =
  /** The process ends without a goodbye. */
  | { readonly type: 'crash'; readonly node: number }
  /** The process restarts and remembers nothing. If it runs, it is ended first. */
  | { readonly type: 'restart'; readonly node: number }
  /** The node says goodbye and ends. */
  | { readonly type: 'leave'; readonly node: number }
  /** The process is paused: no timer runs, no packet moves. Its socket buffers packets. */
  | { readonly type: 'pause'; readonly node: number; readonly ms: number }
  /**
   * Timers run, but packets from and to the node are held up. Source: the Lifeguard paper, section
   * V-D, where this models a machine that lacks processor time.
   */
  | { readonly type: 'block'; readonly node: number; readonly ms: number }
  /** The node's clock runs `rate` times as fast as it should. */
  | { readonly type: 'skew'; readonly node: number; readonly rate: number }
  /** The node's clock is set forward by `ms`, or back if that is negative. */
  | { readonly type: 'jump'; readonly node: number; readonly ms: number }
  /** No packet gets from any node of `from` to any of `to`; the other direction works. */
  | { readonly type: 'cut'; readonly from: readonly number[]; readonly to: readonly number[] }
  /** These nodes and the others cannot reach each other. Adds to earlier partitions. */
  | { readonly type: 'partition'; readonly nodes: readonly number[] }
  /** Ends all cuts and partitions. */
  | { readonly type: 'heal' }
  /** Ends everything that lasts, pauses and blocks included. */
  | { readonly type: 'calm' }
  /** Changes the weather everywhere, or for packets from and to one node. */
  | { readonly type: 'weather'; readonly weather: Weather; readonly node?: number }
  /** The node takes new metadata, and so a new identity. */
  | { readonly type: 'rename'; readonly node: number; readonly metadata: string }
  /** The node broadcasts `size` bytes. */
  | { readonly type: 'broadcast'; readonly node: number; readonly size: number };

/** A fault and its time, in ms of virtual time. */
export interface TimedFault {
  readonly at: number;
  readonly fault: Fault;
}

/** Counts what faults really did: a fault without effect is a mistake in the test. */
export interface Effects {
  crashes: number;
  restarts: number;
  leaves: number;
  /** Timers and packets that waited for a paused process. */
  pauses: number;
  /** Packets that were held up on their way into or out of a blocked node. */
  blocks: number;
  /** Packets that were lost because a socket buffer was full. */
  overflows: number;
  /** Readings of a clock that ran at a wrong rate. */
  skews: number;
  jumps: number;
  /** Packets that a cut stopped. */
  cuts: number;
  /** Packets that a partition stopped. */
  partitions: number;
  losses: number;
  duplicates: number;
  /** Packets that overtook an earlier one to the same node, in weather that reorders. */
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

/** The effects that a fault must have. */
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
      // A single node may be cut off all the time.
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
