import type { Member, NodeIdentity } from '@shoal/wire';
import { metadataOf, type NodeMember, nodeMember } from './node-member.ts';
import type { NodeMetadata } from './node-metadata.ts';

/** An active member other than this node. */
export interface Peer {
  readonly generation: number;
  /** Undefined if it is not a node. */
  readonly metadata: NodeMetadata | undefined;
  readonly member: NodeMember;
}

/** An active node other than this one. */
export interface NodePeer extends Peer {
  readonly metadata: NodeMetadata;
}

/**
 * The active members, indexed by address, by name, and by whether they lead. Nodes at different
 * addresses may have one name, by mistake or for a moment after a restart: the one that started
 * last holds it, and the others are hidden behind it.
 */
export class Peers {
  readonly #byAddress = new Map<string, Peer>();
  /** All nodes of each name. The last one holds it. */
  readonly #byName = new Map<string, NodePeer[]>();
  readonly #leaders = new Map<string, NodePeer>();

  /** Takes in a member that came up or changed. */
  update(member: Member<NodeIdentity>): void {
    const { address, generation } = member.id;
    this.remove(address);
    const metadata = metadataOf(member.id);
    const found = nodeMember(member);
    if (metadata === undefined) {
      this.#byAddress.set(address, { generation, metadata, member: found });
      return;
    }
    const peer: NodePeer = { generation, metadata, member: found };
    const namesakes = [...(this.#byName.get(metadata.name) ?? []), peer];
    namesakes.sort(byStart);
    this.#byAddress.set(address, peer);
    this.#byName.set(metadata.name, namesakes);
    if (metadata.role === 'leader') this.#leaders.set(address, peer);
  }

  /** Forgets the member at this address. */
  remove(address: string): void {
    const peer = this.#byAddress.get(address);
    if (peer === undefined) return;
    this.#byAddress.delete(address);
    const name = peer.metadata?.name;
    if (name === undefined) return;
    this.#leaders.delete(address);
    const others = this.#byName.get(name)!.filter((one) => one !== peer);
    if (others.length > 0) this.#byName.set(name, others);
    else this.#byName.delete(name);
  }

  /** The member at this address, hidden or not. */
  at(address: string): Peer | undefined {
    return this.#byAddress.get(address);
  }

  /** The node that holds this name: the one that started last, if there are several. */
  named(name: string): NodePeer | undefined {
    return this.#byName.get(name)?.at(-1);
  }

  /** The addresses of all nodes of this name. */
  addressesOf(name: string): string[] {
    return (this.#byName.get(name) ?? []).map(({ member }) => member.address);
  }

  /** Every member but those hidden behind another one of their name. */
  visible(): NodeMember[] {
    const visible: NodeMember[] = [];
    for (const peer of this.#byAddress.values()) {
      const name = peer.metadata?.name;
      if (name === undefined || this.named(name) === peer) visible.push(peer.member);
    }
    return visible;
  }

  /** The nodes that say that they lead. Any of them may lie. */
  leaders(): NodeMetadata[] {
    return [...this.#leaders.values()].map(({ metadata }) => metadata);
  }
}

/** Ascending by when a node started; of one life at two addresses, the later identity is last. */
function byStart(one: NodePeer, other: NodePeer): number {
  return one.metadata.started - other.metadata.started || one.generation - other.generation;
}
