import type { Emitter } from '@shoal/async';
import type { NodeEvent } from '../events.ts';
import type { Members } from '../members/members.ts';
import type { Role } from '../members/node-metadata.ts';

/** What a node does, as it says to its application and to the cluster. */
export interface RoleState {
  readonly role: Role;
  /** The term in which this node leads or follows; otherwise 0. */
  readonly term: bigint;
  /** The name of the leader, if one is known. */
  readonly leader: string | undefined;
}

/** Tells the application and the cluster when the role of this node changes. */
export class PublishedRole {
  readonly #events: Emitter<NodeEvent>;
  readonly #members: Members;
  #state: RoleState = { role: 'member', term: 0n, leader: undefined };
  /** What the cluster was told last. */
  #told: string;

  constructor(parts: {
    readonly events: Emitter<NodeEvent>;
    readonly members: Members;
    readonly votedTerm: bigint;
  }) {
    this.#events = parts.events;
    this.#members = parts.members;
    this.#told = `member ${parts.votedTerm}`;
  }

  get state(): RoleState {
    return this.#state;
  }

  /** `votedTerm` is what a member that neither leads nor follows tells the cluster. */
  set(next: RoleState, votedTerm: bigint): void {
    const before = this.#state;
    this.#state = next;
    const { role, term, leader } = next;
    this.#tell(role, role === 'member' ? votedTerm : term);
    if (before.role !== role || before.term !== term) {
      this.#events.emit({ type: 'role', role, term });
    }
    if (before.leader !== leader || before.term !== term) {
      this.#events.emit({ type: 'leader', leader, term });
    }
  }

  #tell(role: Role, term: bigint): void {
    const text = `${role} ${term}`;
    if (text === this.#told) return;
    this.#told = text;
    this.#members.setRole(role, term);
  }
}
