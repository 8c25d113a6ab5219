import type { Membership } from '@shoal/membership/driver';
import type { Member, NodeIdentity } from '@shoal/wire';
import type { NodeMember } from '../events.ts';
import { decodeNodeMetadata, type NodeMetadata } from './node-metadata.ts';

/** A node that can be spoken with. */
export interface Peer {
  readonly name: string;
  readonly generation: number;
  readonly metadata: NodeMetadata;
  readonly member: NodeMember;
}

const NOTHING = new Uint8Array(0);
const decoded = new WeakMap<NodeIdentity, { readonly metadata: NodeMetadata | undefined }>();

/** Decodes the metadata of an identity once. */
function metadataOf(id: NodeIdentity): NodeMetadata | undefined {
  let known = decoded.get(id);
  if (known === undefined) {
    known = { metadata: decodeNodeMetadata(id.metadata) };
    decoded.set(id, known);
  }
  return known.metadata;
}

/** A member as an application sees it. */
export function nodeMember({ id, state }: Member<NodeIdentity>): NodeMember {
  const metadata = metadataOf(id);
  return {
    name: metadata?.name,
    address: id.address,
    streamAddress: metadata?.streamAddress ?? (id.address.includes('!') ? undefined : id.address),
    webSocketAddress: metadata?.webSocketAddress,
    state,
    role: metadata?.role ?? 'member',
    term: metadata?.term ?? 0n,
    metadata: metadata?.application ?? NOTHING,
  };
}

/** The active nodes, by name. Kept by the membership's events: nothing is searched through. */
export class Peers {
  /** By address. */
  readonly #peers = new Map<string, Peer>();
  /** By name: its lives at different addresses, the latest one last. */
  readonly #named = new Map<string, Peer[]>();
  /** Those that say that they feed, by address. */
  readonly #leaders = new Map<string, Peer>();
  readonly #stops: (() => void)[];

  /**
   * Calls `changed` whenever a node has come, gone, or says something else; `conflict` when one
   * has come whose name an active node at another address has, be it this node, whose name is
   * `ownName`.
   */
  constructor(
    membership: Membership<NodeIdentity>,
    ownName: string,
    changed: () => void,
    conflict: (name: string, addresses: string[]) => void,
  ) {
    const upsert = ({ member }: { member: Member<NodeIdentity> }): void => {
      const { address, generation } = member.id;
      const metadata = metadataOf(member.id);
      const before = this.#peers.get(address);
      this.#remove(address);
      if (metadata !== undefined && member.state !== 'down') {
        const { name } = metadata;
        const peer = { name, generation, metadata, member: nodeMember(member) };
        this.#peers.set(address, peer);
        const lives = [...(this.#named.get(name) ?? []), peer];
        this.#named.set(
          name,
          lives.sort((one, other) => one.generation - other.generation),
        );
        if (metadata.role === 'leader') this.#leaders.set(address, peer);
        const addresses = lives.map((life) => life.member.address);
        if (name === ownName) addresses.push(membership.identity.address);
        if (addresses.length > 1 && before?.name !== name) conflict(name, addresses);
      }
      changed();
    };
    this.#stops = [
      membership.on('memberUp', upsert),
      membership.on('memberUpdated', upsert),
      membership.on('memberDown', ({ member }) => {
        this.#remove(member.id.address);
        changed();
      }),
    ];
  }

  #remove(address: string): void {
    const peer = this.#peers.get(address);
    if (peer === undefined) return;
    this.#peers.delete(address);
    const others = this.#named.get(peer.name)!.filter((life) => life !== peer);
    if (others.length > 0) this.#named.set(peer.name, others);
    else this.#named.delete(peer.name);
    this.#leaders.delete(address);
  }

  /** The node of this name; of two lives at different addresses the later one. */
  named(name: string): Peer | undefined {
    return this.#named.get(name)?.at(-1);
  }

  /**
   * The feeder of the highest term that is known, other than the node of this name. Where voters
   * are known, it must be one of them.
   */
  leader(except: string, voters: readonly string[]): Peer | undefined {
    let found: Peer | undefined;
    for (const peer of this.#leaders.values()) {
      if (peer.name === except || peer.metadata.term <= (found?.metadata.term ?? -1n)) continue;
      if (voters.length === 0 || voters.includes(peer.name)) found = peer;
    }
    return found;
  }

  /** The highest term that one of these nodes is known to have promised. */
  votedTerm(names: readonly string[]): bigint {
    let highest = 0n;
    for (const name of names) {
      const term = this.named(name)?.metadata.term ?? 0n;
      if (term > highest) highest = term;
    }
    return highest;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }
}
