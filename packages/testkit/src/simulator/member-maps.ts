import type { Member, MembershipEvent, NodeIdentity } from '@shoal/membership';

/** The active members of each node as an application knows them that only listens to events. */
export class MemberMaps {
  /** By node, then by address. */
  readonly #maps: Map<string, Member<NodeIdentity>>[];

  constructor(nodes: number) {
    this.#maps = Array.from({ length: nodes }, () => new Map());
  }

  /** The process of a node starts anew. */
  clear(node: number): void {
    this.#maps[node]!.clear();
  }

  take(node: number, event: MembershipEvent<NodeIdentity>): void {
    if (!('member' in event)) return;
    const { address } = event.member.id;
    if (event.type === 'memberDown') this.#maps[node]!.delete(address);
    else this.#maps[node]!.set(address, event.member);
  }

  /** What a node's members are that its events do not say, or the other way round. */
  differenceFrom(members: Iterable<Member<NodeIdentity>>, node: number): string | undefined {
    const untold = new Map(this.#maps[node]);
    for (const member of members) {
      const { id, state } = member;
      const told = untold.get(id.address);
      untold.delete(id.address);
      if (told?.id.generation === id.generation && told.state === state) continue;
      return `holds ${nameOf(member)}, but its events say ${told ? nameOf(told) : 'nothing'}`;
    }
    const [ghost] = untold.values();
    return ghost && `does not hold ${nameOf(ghost)}, which its events say`;
  }
}

function nameOf({ id, state }: Member<NodeIdentity>): string {
  return `${id.address} ${state} with generation ${id.generation}`;
}
