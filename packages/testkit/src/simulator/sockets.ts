import type { NodeIdentity, Swim } from '@shoal/membership';
import type { Effects } from './fault.ts';
import type { Network } from './network.ts';
import type { Observer, SendOutcome } from './observer.ts';
import type { HeldPacket, SimNode } from './sim-node.ts';
import type { SimulatorStats } from './stats.ts';

/** What sockets need of the simulation. */
export interface SocketsHost {
  /** Virtual time, in ms. */
  readonly now: number;
  readonly network: Network;
  readonly effects: Effects;
  readonly stats: SimulatorStats;
  readonly observers: readonly Observer[];
  /** How many packets a socket buffer holds. */
  readonly socketBuffer: number;
  node(index: number): SimNode;
  nodeAt(address: string): SimNode | undefined;
  /** Has the packet arrive after `delay` ms. */
  schedule(delay: number, packet: HeldPacket): void;
  /** Acts on a node's machine, if the process runs. */
  input(node: SimNode, act: (swim: Swim<NodeIdentity>, now: number) => void): void;
}

/** The sockets of all nodes: they buffer the packets of a node that is paused or blocked. */
export class Sockets {
  readonly #host: SocketsHost;

  constructor(host: SocketsHost) {
    this.#host = host;
  }

  /** A machine sends a packet. */
  transmit(node: SimNode, address: string, bytes: Uint8Array): void {
    const { stats, effects, observers, now } = this.#host;
    stats.packets++;
    stats.bytes += bytes.length;
    const to = this.#host.nodeAt(address)?.index ?? -1;
    let outcome: SendOutcome = 'unknown';
    if (to >= 0) {
      const packet = { to, bytes };
      if (node.blockedUntil > now) {
        effects.blocks++;
        outcome = this.#hold(node.outbox, packet) ? 'held' : 'overflow';
      } else outcome = this.#send(node, packet);
    }
    for (const observer of observers) observer.transmit?.(node, to, bytes, outcome);
  }

  /** A packet reaches its node. */
  arrive(packet: HeldPacket): void {
    const node = this.#host.node(packet.to);
    if (node.swim === undefined) return;
    const { now, effects } = this.#host;
    if (node.pausedUntil > now || node.blockedUntil > now) {
      if (node.pausedUntil > now) effects.pauses++;
      else effects.blocks++;
      this.#hold(node.inbox, packet);
    } else this.#deliver(node, packet);
  }

  /** Sends and delivers what was held while the node was paused or blocked. */
  release(node: SimNode): void {
    for (const packet of node.outbox.splice(0)) this.#send(node, packet);
    for (const packet of node.inbox.splice(0)) this.#deliver(node, packet);
  }

  #send(from: SimNode, packet: HeldPacket): SendOutcome {
    const { network, now } = this.#host;
    const fate = network.route(from.index, packet.to, now);
    for (const delay of network.delays) this.#host.schedule(delay, packet);
    return fate;
  }

  #hold(buffer: HeldPacket[], packet: HeldPacket): boolean {
    if (buffer.length >= this.#host.socketBuffer) {
      this.#host.effects.overflows++;
      return false;
    }
    buffer.push(packet);
    return true;
  }

  #deliver(node: SimNode, { bytes }: HeldPacket): void {
    this.#host.stats.deliveries++;
    for (const observer of this.#host.observers) observer.receive?.(node, bytes);
    this.#host.input(node, (swim, now) => swim.receive(bytes, now));
  }
}
