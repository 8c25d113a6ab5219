import type { Emitter } from '@shoal/async';
import { withMetadata } from '@shoal/membership';
import type { DriverEvent, Membership, MembershipOptions } from '@shoal/membership/driver';
import { startMembershipWithSink } from '@shoal/membership/internal';
import type { NodeIdentity } from '@shoal/wire';
import type { NodeEvent } from '../events.ts';
import { Lives } from './lives.ts';
import { type NodeMember, nodeMember } from './node-member.ts';
import { encodeNodeMetadata, type NodeMetadata, type Role } from './node-metadata.ts';
import { Peers } from './peers.ts';

/** Where others reach a node. */
export interface NodeAddresses {
  /** For datagrams, and for streams unless `streamAddress` is given. */
  readonly address: string;
  readonly streamAddress?: string | undefined;
  /** For streams over WebSocket. Default: none. */
  readonly webSocketAddress?: string | undefined;
}

/** What {@link Members} is made of. */
export interface MembersParts {
  readonly membership: Omit<MembershipOptions, 'identity'>;
  /** Where others reach this node. Default: the address of the transport. */
  readonly address: string | undefined;
  /** What this node says about itself at first. */
  readonly metadata: NodeMetadata;
  readonly events: Emitter<NodeEvent>;
}

/**
 * The members of the cluster, this node among them: reports the others under their names, and
 * tells them about this node.
 */
export class Members {
  readonly membership: Membership<NodeIdentity>;
  /** The other active nodes. */
  readonly peers: Peers = new Peers();
  /** Called after each change of {@link peers}. */
  onChange: () => void = () => {};
  readonly #events: Emitter<NodeEvent>;
  readonly #lives: Lives;
  /** The names that several nodes have. */
  readonly #conflicts = new Set<string>();
  #metadata: NodeMetadata;

  /** Starts the membership. Throws a `SwimError`, or `argument` for metadata that is too long. */
  constructor(parts: MembersParts) {
    const { address, events, metadata } = parts;
    this.#events = events;
    this.#lives = new Lives({ peers: this.peers, events });
    this.#metadata = metadata;
    const encoded = encodeNodeMetadata(metadata);
    this.membership = startMembershipWithSink(
      {
        ...parts.membership,
        identity: address === undefined ? { metadata: encoded } : { address, metadata: encoded },
      },
      (event) => this.#onEvent(event),
    );
  }

  /** Changes what the application says about this node. Throws `argument`. */
  setApplication(application: Uint8Array): void {
    this.#tell({ ...this.#metadata, application: application.slice() });
  }

  /** Tells the cluster which role this node has now. */
  setRole(role: Role, term: bigint): void {
    this.#tell({ ...this.#metadata, role, term });
  }

  /** Tells the cluster that this node is at another address. Throws `argument`, or a `SwimError`. */
  readdress({ address, streamAddress, webSocketAddress }: NodeAddresses): void {
    const metadata = { ...this.#metadata, streamAddress, webSocketAddress };
    const bytes = encodeNodeMetadata(metadata);
    const { identity } = this.membership;
    // Whoever had the address before began no later than now.
    const generation = Math.max(identity.generation + 1, Date.now());
    this.membership.updateIdentity({ address, generation, metadata: bytes });
    this.#metadata = metadata;
  }

  #tell(metadata: NodeMetadata): void {
    const bytes = encodeNodeMetadata(metadata);
    this.#metadata = metadata;
    const { membership } = this;
    const { closed, state } = membership;
    if (closed || state === 'leaving' || state === 'defunct') return;
    membership.updateIdentity(withMetadata(membership.identity, bytes));
  }

  /** Gets each event straight from the machine: there is no other dispatcher in between. */
  #onEvent(event: DriverEvent<NodeIdentity>): void {
    switch (event.type) {
      case 'memberUp':
      case 'memberUpdated':
      case 'memberDown':
        for (const name of this.#lives.apply(event)) this.#checkName(name);
        this.onChange();
        break;
      case 'memberSuspected':
      case 'memberRefuted': {
        const member = nodeMember(event.member);
        if (!this.#isVisible(member)) break;
        this.#events.emit({ type: event.type, member });
        break;
      }
    }
  }

  /** Whether no other node hides a member behind its name. */
  #isVisible({ name, address }: NodeMember): boolean {
    return name === undefined || this.peers.named(name)?.member.address === address;
  }

  /** Reports nodes that share a name with each other, or with this node, and when that ends. */
  #checkName(name: string): void {
    const own = name === this.#metadata.name ? [this.membership.identity.address] : [];
    const addresses = [...this.peers.addressesOf(name), ...own];
    if (addresses.length > 1) {
      if (this.#conflicts.has(name)) return;
      this.#conflicts.add(name);
      this.#events.emit({ type: 'nameConflict', name, addresses });
    } else if (this.#conflicts.delete(name)) {
      this.#events.emit({ type: 'nameConflictEnded', name, address: addresses[0] });
    }
  }
}
