import type { Emitter, EventOfType } from '@shoal/async';
import { withMetadata } from '@shoal/membership';
import {
  type DriverEvent,
  type Membership,
  type MembershipOptions,
  startMembership,
} from '@shoal/membership/driver';
import type { NodeIdentity } from '@shoal/wire';
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

/** The events of the membership that a node reports, with more about the member. */
const MEMBER_EVENTS = [
  'memberUp',
  'memberDown',
  'memberUpdated',
  'memberSuspected',
  'memberRefuted',
] as const;

type MemberEvent = EventOfType<DriverEvent<NodeIdentity>, (typeof MEMBER_EVENTS)[number]>;

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
    this.membership = startMembership({
      ...parts.membership,
      identity: address === undefined ? { metadata: encoded } : { address, metadata: encoded },
    });
    for (const type of MEMBER_EVENTS) {
      this.membership.on(type, (event) => this.#onEvent(event));
    }
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

  #onEvent(event: MemberEvent): void {
    const { type, member } = event;
    if (type === 'memberUp' || type === 'memberUpdated') {
      const namesakes = this.peers.update(member);
      if (namesakes.length > 0) this.#checkName(nodeMember(member).name!, namesakes);
      this.onChange();
    } else if (type === 'memberDown') {
      this.peers.remove(member.id.address);
      this.onChange();
    }
    this.#events.emit({ ...event, member: nodeMember(member) });
  }

  /** Reports nodes that share a name with each other, or with this node. */
  #checkName(name: string, namesakes: readonly string[]): void {
    const own = name === this.#metadata.name ? [this.membership.identity.address] : [];
    const addresses = [...namesakes, ...own];
    if (addresses.length > 1) this.#events.emit({ type: 'nameConflict', name, addresses });
  }
}
