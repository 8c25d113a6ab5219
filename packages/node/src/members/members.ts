import type { Emitter } from '@shoal/async';
import { withMetadata } from '@shoal/membership';
import type { DriverEvent, Membership, MembershipOptions } from '@shoal/membership/driver';
import { startMembershipWithSink } from '@shoal/membership/internal';
import type { Member, NodeIdentity } from '@shoal/wire';
import type { NodeEvent } from '../events.ts';
import { nodeMember } from './node-member.ts';
import { encodeNodeMetadata, type NodeMetadata, type Role } from './node-metadata.ts';
import { Peers } from './peers.ts';

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
  #metadata: NodeMetadata;

  /** Starts the membership. Throws a `SwimError`, or `argument` for metadata that is too long. */
  constructor(parts: MembersParts) {
    const { address, events, metadata } = parts;
    this.#events = events;
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
        this.#update(event.member);
        break;
      case 'memberDown':
        this.peers.remove(event.member.id.address);
        this.onChange();
        break;
      case 'memberSuspected':
      case 'memberRefuted':
        break;
      default:
        return;
    }
    this.#events.emit({ ...event, member: nodeMember(event.member) });
  }

  #update(member: Member<NodeIdentity>): void {
    const namesakes = this.peers.update(member);
    if (namesakes.length > 0) this.#checkName(nodeMember(member).name!, namesakes);
    this.onChange();
  }

  /** Reports nodes that share a name with each other, or with this node. */
  #checkName(name: string, namesakes: readonly string[]): void {
    const own = name === this.#metadata.name ? [this.membership.identity.address] : [];
    const addresses = [...namesakes, ...own];
    if (addresses.length > 1) this.#events.emit({ type: 'nameConflict', name, addresses });
  }
}
