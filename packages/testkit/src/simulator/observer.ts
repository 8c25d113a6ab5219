import type { MembershipEvent, NodeIdentity } from '@shoal/membership';
import type { Fault } from './fault.ts';
import type { Fate } from './network.ts';
import type { SimNode } from './sim-node.ts';

/**
 * What became of a packet: its fate on the network, or `held` by its sender, `overflow` of a full
 * socket buffer, `unknown` when nobody has the address.
 */
export type SendOutcome = Fate | 'held' | 'overflow' | 'unknown';

/** Is told what happens in a simulation. It must not change anything. */
export interface Observer {
  started?(node: SimNode): void;
  /** The process has ended; `node.swim` is gone. */
  stopped?(node: SimNode): void;
  fault?(fault: Fault): void;
  /** A machine wants a packet sent. `to`: the number of the receiver; -1 if there is none. */
  transmit?(from: SimNode, to: number, bytes: Uint8Array, outcome: SendOutcome): void;
  /** A packet is about to be handed to a machine. */
  receive?(node: SimNode, bytes: Uint8Array): void;
  event?(node: SimNode, event: MembershipEvent<NodeIdentity>): void;
}
