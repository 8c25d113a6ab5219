import type { MembershipEvent, NodeIdentity } from '@shoal/membership';
import type { Fault } from './fault.ts';
import type { Fate } from './network.ts';
import type { SimNode } from './sim-node.ts';

/**
 * What happened to a packet: its fate on the network; `held` at its sender; `overflow` if the
 * socket buffer was full; `unknown` if no node has the address.
 */
export type SendOutcome = Fate | 'held' | 'overflow' | 'unknown';

/** Learns what happens in a simulation. It must not change anything. */
export interface Observer {
  started?(node: SimNode): void;
  /** The process has ended; `node.swim` is undefined. */
  stopped?(node: SimNode): void;
  fault?(fault: Fault): void;
  /** A machine sent a packet. `to` is the number of the receiver; -1 if there is none. */
  transmit?(from: SimNode, to: number, bytes: Uint8Array, outcome: SendOutcome): void;
  /** A machine is about to receive a packet. */
  receive?(node: SimNode, bytes: Uint8Array): void;
  event?(node: SimNode, event: MembershipEvent<NodeIdentity>): void;
}
