import type { Emitter } from '@shoal/async';
import type { DriverEvent } from '@shoal/membership/driver';
import { BoundedMap } from '@shoal/transport/internal';
import type { NodeIdentity } from '@shoal/wire';
import type { NodeEvent } from '../events.ts';
import { metadataOf, type NodeMember } from './node-member.ts';
import type { Peers } from './peers.ts';

/** How many names of nodes that are down are remembered, to recognize a restart. */
const MAX_DEPARTED = 4096;

/** What the membership reports when a member came up, changed or went down. */
export type LifeEvent = Extract<
  DriverEvent<NodeIdentity>,
  { readonly type: 'memberUp' | 'memberUpdated' | 'memberDown' }
>;

/** Who held a name, or the address of a member without one, before and after a change. */
interface Change {
  readonly before: NodeMember | undefined;
  readonly after: NodeMember | undefined;
  /** Why the one before is down, if it is. */
  readonly reason: 'failed' | 'left' | 'replaced';
}

/**
 * Turns the events of addresses into those of nodes. A map by name, or by address, that is kept
 * from these events equals the list of members.
 */
export class Lives {
  readonly #peers: Peers;
  readonly #events: Emitter<NodeEvent>;
  readonly #departed = new BoundedMap<string, NodeMember>(MAX_DEPARTED);

  constructor({ peers, events }: { readonly peers: Peers; readonly events: Emitter<NodeEvent> }) {
    this.#peers = peers;
    this.#events = events;
  }

  /** Takes in an event, and returns the names that it is about. */
  apply(event: LifeEvent): string[] {
    const peers = this.#peers;
    const { address } = event.member.id;
    const isDown = event.type === 'memberDown';
    const names = new Set([peers.at(address)?.metadata?.name]);
    if (!isDown) names.add(metadataOf(event.member.id)?.name);
    const before = new Map([...names].map((name) => [name, this.#holder(name, address)]));
    if (isDown) peers.remove(address);
    else peers.update(event.member);
    const reason: Change['reason'] = isDown ? event.reason : 'replaced';
    for (const [name, member] of before) {
      const change = { before: member, after: this.#holder(name, address), reason };
      for (const one of this.#eventsOf(change)) this.#events.emit(one);
    }
    return [...names].filter((name) => name !== undefined);
  }

  /** Who holds a name. Without a name: the member at the address, unless it has one. */
  #holder(name: string | undefined, address: string): NodeMember | undefined {
    if (name !== undefined) return this.#peers.named(name)?.member;
    const peer = this.#peers.at(address);
    return peer?.metadata === undefined ? peer?.member : undefined;
  }

  #eventsOf({ before, after, reason }: Change): NodeEvent[] {
    if (before === after) return [];
    if (before === undefined) return [this.#up(after!)];
    if (after === undefined) return [this.#down(before, reason)];
    if (before.started === after.started)
      return [{ type: 'memberUpdated', member: after, previous: before }];
    if (before.address === after.address || before.started! < after.started!) {
      return [{ type: 'memberRestarted', member: after, previous: before }];
    }
    // The node that held the name is gone, and an older one, until now hidden behind it, is not.
    return [this.#down(before, reason), this.#up(after)];
  }

  #up(member: NodeMember): NodeEvent {
    const { name } = member;
    const previous = name === undefined ? undefined : this.#departed.get(name);
    if (name === undefined || previous === undefined) return { type: 'memberUp', member };
    this.#departed.delete(name);
    const type = previous.started === member.started ? 'memberUp' : 'memberRestarted';
    return { type, member, previous };
  }

  #down(before: NodeMember, reason: Change['reason']): NodeEvent {
    const member: NodeMember = { ...before, state: 'down' };
    if (member.name !== undefined) this.#departed.set(member.name, member);
    return { type: 'memberDown', member, reason };
  }
}
