import type { NodeIdentity, Swim } from '@shoal/membership';
import type { NodeClock } from './node-clock.ts';

/** A packet on its way into, or out of, a node. */
export interface HeldPacket {
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** One node of a simulated cluster. What is writable here belongs to the simulator. */
export class SimNode {
  /** Its number in the simulation. */
  readonly index: number;
  readonly address: string;
  readonly clock: NodeClock;
  /** The machine under test; undefined while the process does not run. */
  swim: Swim<NodeIdentity> | undefined = undefined;
  /** How often the process was started. */
  starts = 0;
  /** It said goodbye, and has not been started again. */
  left = false;

  /** Until when, in ms of virtual time, the process stands still. */
  pausedUntil = 0;
  /** Until when its packets are held up. */
  blockedUntil = 0;
  /** A timer fell due while it was paused. */
  timerMissed = false;
  /** The deadline that the pending timer is for, on the node's clock, and when it fires. */
  armedFor: number = Number.POSITIVE_INFINITY;
  armedAt: number = Number.POSITIVE_INFINITY;
  /** How many exchanges of states it serves. */
  serving = 0;
  /** What waits to be read, and to be sent. */
  readonly inbox: HeldPacket[] = [];
  readonly outbox: HeldPacket[] = [];

  constructor(index: number, clock: NodeClock) {
    this.index = index;
    this.address = `n${index}:7946`;
    this.clock = clock;
  }

  /** Whether it runs and means to be a member: neither stopped nor leaving. */
  get takesPart(): boolean {
    return this.swim !== undefined && (this.swim.state === 'idle' || this.swim.state === 'active');
  }
}
