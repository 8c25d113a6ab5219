import {
  type BroadcastHandler,
  type NodeIdentity,
  type Swim,
  withMetadata,
} from '@shoal/membership';
import type { Effects, Fault } from './fault.ts';
import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';

/** What faults need of the simulation. */
export interface FaultsHost {
  /** Virtual time, in ms. */
  readonly now: number;
  readonly effects: Effects;
  readonly network: Network;
  /** Throws a RangeError for a node that does not exist. */
  node(index: number): SimNode;
  at(time: number, action: () => void): void;
  start(index: number): void;
  /** Ends a process. Returns false if it did not run. */
  stop(node: SimNode): boolean;
  /** Continues after a pause or a block, if none is left. */
  wake(node: SimNode): void;
  /** Ends all faults that last. */
  calm(): void;
  /** Acts on a node's machine, as its application would, if the process runs. */
  input(node: SimNode, act: (swim: Swim<NodeIdentity>, now: number) => void): void;
}

/** Makes faults happen, and counts their effects. */
export class Faults {
  readonly #host: FaultsHost;
  #broadcasts = 0;

  constructor(host: FaultsHost) {
    this.#host = host;
  }

  inject(fault: Fault): void {
    const host = this.#host;
    const { effects, now } = host;
    switch (fault.type) {
      case 'crash':
        if (host.stop(host.node(fault.node))) effects.crashes++;
        break;
      case 'restart':
        host.stop(host.node(fault.node));
        host.start(fault.node);
        effects.restarts++;
        break;
      case 'leave':
        host.node(fault.node).driver?.leave();
        host.input(host.node(fault.node), (swim, time) => {
          swim.leave(time);
          effects.leaves++;
        });
        break;
      case 'pause': {
        const node = host.node(fault.node);
        node.pausedUntil = Math.max(node.pausedUntil, now + fault.ms);
        host.at(node.pausedUntil, () => host.wake(node));
        break;
      }
      case 'block': {
        const node = host.node(fault.node);
        node.blockedUntil = Math.max(node.blockedUntil, now + fault.ms);
        host.at(node.blockedUntil, () => host.wake(node));
        break;
      }
      case 'skew':
        host.node(fault.node).clock.skew(fault.rate, now);
        break;
      case 'jump':
        host.node(fault.node).clock.jump(fault.ms);
        effects.jumps++;
        break;
      case 'cut':
        host.network.cut(fault.from, fault.to);
        break;
      case 'partition':
        host.network.partition(fault.nodes);
        break;
      case 'heal':
        host.network.heal();
        break;
      case 'weather':
        host.network.setWeather(fault.weather, fault.node);
        break;
      case 'calm':
        host.calm();
        break;
      case 'rename':
        host.input(host.node(fault.node), (swim, time) => {
          if (swim.state === 'leaving') return;
          const metadata = new TextEncoder().encode(fault.metadata);
          swim.updateIdentity(withMetadata(swim.identity, metadata), time);
          effects.renames++;
        });
        break;
      case 'broadcast': {
        const payload = new Uint8Array(Math.max(4, fault.size));
        new DataView(payload.buffer).setUint32(0, ++this.#broadcasts);
        host.input(host.node(fault.node), (swim, time) => {
          if (swim.state === 'leaving') return;
          swim.broadcast(payload, time);
          effects.broadcasts++;
        });
        break;
      }
    }
  }
}

/** A handler that spreads each broadcast once. The first four bytes are its number. */
export function onceOnly(): BroadcastHandler<NodeIdentity, number> {
  const seen = new Set<number>();
  return {
    receive(bytes) {
      const key = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
      if (seen.has(key)) return undefined;
      seen.add(key);
      return key;
    },
  };
}
