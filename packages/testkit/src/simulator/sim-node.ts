import type { NodeIdentity, Swim } from '@shoal/membership';
import type { NodeClock } from './node-clock.ts';
import type { NodeDriver } from './node-driver.ts';

/** A packet on its way into, or out of, a node. */
export interface HeldPacket {
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** One node of a simulated cluster. Only the simulator may write to it. */
export class SimNode {
  /** Its number in the simulation. */
  readonly index: number;
  readonly address: string;
  readonly clock: NodeClock;
  /** The machine under test; undefined while the process does not run. */
  swim: Swim<NodeIdentity> | undefined = undefined;
  /** Joins and exchanges states; undefined while the process does not run. */
  driver: NodeDriver | undefined = undefined;
  /** How often the process was started. */
  starts = 0;
  /** Whether it has said goodbye since it was started. */
  left = false;

  /** Until when the process is paused, in ms of virtual time. */
  pausedUntil = 0;
  /** Until when its packets are held up. */
  blockedUntil = 0;
  /** Whether a timer of the machine came due during a pause. */
  timerMissed = false;
  /** The deadline that the pending timer is for, on the node's clock, and when it fires. */
  armedFor: number = Number.POSITIVE_INFINITY;
  armedAt: number = Number.POSITIVE_INFINITY;
  /** When the driver is woken next, in ms of virtual time. */
  driverArmedAt: number = Number.POSITIVE_INFINITY;
  /** How many exchanges of states it serves. */
  serving = 0;
  /** Packets that wait to be read, and to be sent. */
  readonly inbox: HeldPacket[] = [];
  readonly outbox: HeldPacket[] = [];

  constructor(index: number, clock: NodeClock) {
    this.index = index;
    this.address = `n${index}:7946`;
    this.clock = clock;
  }

  /** Whether it runs and is not leaving. */
  get takesPart(): boolean {
    return this.swim !== undefined && (this.swim.state === 'idle' || this.swim.state === 'active');
  }

  /** Ends the process. */
  stop(): void {
    this.swim = undefined;
    this.driver = undefined;
    this.pausedUntil = 0;
    this.blockedUntil = 0;
    this.timerMissed = false;
    this.armedFor = Number.POSITIVE_INFINITY;
    this.armedAt = Number.POSITIVE_INFINITY;
    this.driverArmedAt = Number.POSITIVE_INFINITY;
    this.inbox.length = 0;
    this.outbox.length = 0;
  }
}
