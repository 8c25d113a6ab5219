import type { Member, NodeIdentity } from '@shoal/wire';
import { higher } from '../bigint.ts';
import { metadataOf, type NodeMember, nodeMember } from './node-member.ts';
import type { NodeMetadata } from './node-metadata.ts';

/** An active node other than this one. */
export interface Peer {
  readonly name: string;
  readonly generation: number;
  readonly metadata: NodeMetadata;
  readonly member: NodeMember;
}

/** Which leaders count. */
export interface LeaderSearch {
  readonly except: string;
  readonly voters: readonly string[];
  /** Whether a term may exist. */
  readonly believes: (term: bigint) => boolean;
}

/** The active nodes, indexed by address, by name, and by whether they lead. */
export class Peers {
  readonly #byAddress = new Map<string, Peer>();
  /** Several nodes may have one name, at different addresses. Ascending by generation. */
  readonly #byName = new Map<string, Peer[]>();
  readonly #leaders = new Map<string, Peer>();

  /**
   * Takes in a member that came up or changed. Returns the addresses of all nodes with its name
   * if it has not had that name before.
   */
  update(member: Member<NodeIdentity>): readonly string[] {
    const { address, generation } = member.id;
    const before = this.#byAddress.get(address);
    this.remove(address);
    const metadata = metadataOf(member.id);
    if (metadata === undefined || member.state === 'down') return [];
    const { name } = metadata;
    const peer: Peer = { name, generation, metadata, member: nodeMember(member) };
    const namesakes = [...(this.#byName.get(name) ?? []), peer];
    namesakes.sort((one, other) => one.generation - other.generation);
    this.#byAddress.set(address, peer);
    this.#byName.set(name, namesakes);
    if (metadata.role === 'leader') this.#leaders.set(address, peer);
    return before?.name === name ? [] : namesakes.map((one) => one.member.address);
  }

  /** Forgets the node at this address. */
  remove(address: string): void {
    const peer = this.#byAddress.get(address);
    if (peer === undefined) return;
    this.#byAddress.delete(address);
    this.#leaders.delete(address);
    const others = this.#byName.get(peer.name)!.filter((one) => one !== peer);
    if (others.length > 0) this.#byName.set(peer.name, others);
    else this.#byName.delete(peer.name);
  }

  /** The node of this name; the one that started last, if there are several. */
  named(name: string): Peer | undefined {
    return this.#byName.get(name)?.at(-1);
  }

  /**
   * The leader of the highest term that this node believes, apart from nodes of the name `except`.
   * If `voters` is not empty, a leader counts only if it is one of them.
   */
  latestLeader({ except, voters, believes }: LeaderSearch): Peer | undefined {
    let latest: Peer | undefined;
    for (const peer of this.#leaders.values()) {
      const { name, metadata } = peer;
      if (name === except || (voters.length > 0 && !voters.includes(name))) continue;
      if (!believes(metadata.term)) continue;
      if (latest === undefined || metadata.term > latest.metadata.term) latest = peer;
    }
    return latest;
  }

  /** The highest term in which one of the named nodes says that it votes, leads or follows. */
  highestTerm(names: readonly string[]): bigint {
    return names.map((name) => this.named(name)?.metadata.term ?? 0n).reduce(higher, 0n);
  }
}
