import type { Member } from '@shoal/wire';
import { type Context, takesPart } from '../context.ts';
import { SwimError } from '../errors.ts';
import type { ClusterView } from './cluster-view.ts';
import type { MemberCodec } from './member-codec.ts';
import type { Slot } from './member-rows.ts';

// All that is known, for those who store it or exchange it.

/**
 * What is known from elsewhere as it is applied, with identities that are quickly told from
 * others. Throws `identity` if a member cannot be encoded.
 */
export function canonicalMembers<Id>(
  codec: MemberCodec<Id>,
  members: Iterable<Member<Id>>,
): Member<Id>[] {
  try {
    return Array.from(members, (member) => ({ ...member, id: codec.canonical(member) }));
  } catch (cause) {
    throw new SwimError('identity', 'a member cannot be sent', { cause });
  }
}

export function* snapshots<Id>(
  view: ClusterView<Id>,
  slots: Iterable<Slot>,
): IterableIterator<Member<Id>> {
  for (const slot of slots) yield view.snapshot(slot);
}

/** The active members as they are encoded, ourselves included while we are one. */
export function* activeRecords<Id>(
  { self }: Context<Id>,
  { table, codec }: ClusterView<Id>,
): Iterable<Uint8Array> {
  const alive = (id: Id, incarnation: number): Uint8Array =>
    codec.encode({ id, incarnation, state: 'alive' });
  if (takesPart(self)) yield alive(self.identity, self.incarnation);
  for (const slot of table.active) yield alive(table.id(slot), table.incarnation(slot));
}
