import type { Member } from '@shoal/wire';
import { type Context, takesPart } from '../context.ts';
import { SwimError } from '../errors.ts';
import type { ClusterView } from './cluster-view.ts';
import type { MemberCodec } from './member-codec.ts';
import type { Slot } from './member-rows.ts';

/**
 * Members that are known from elsewhere, with their identities as the codec reads them, which are
 * quick to compare. Throws `identity` if a member cannot be encoded.
 */
export function canonicalMembers<Id>(
  codec: MemberCodec<Id>,
  members: Iterable<Member<Id>>,
): Member<Id>[] {
  try {
    return Array.from(members, (member) => ({ ...member, id: codec.canonical(member) }));
  } catch (cause) {
    throw new SwimError('identity', 'cannot encode a member', { cause });
  }
}

/** Copies of the members in these slots. */
export function* snapshots<Id>(
  view: ClusterView<Id>,
  slots: Iterable<Slot>,
): IterableIterator<Member<Id>> {
  for (const slot of slots) yield view.snapshot(slot);
}

/** The encoded active members, this one included while it takes part. */
export function* activeRecords<Id>(
  { self }: Context<Id>,
  { table, codec }: ClusterView<Id>,
): Iterable<Uint8Array> {
  const alive = (id: Id, incarnation: number): Uint8Array =>
    codec.encode({ id, incarnation, state: 'alive' });
  if (takesPart(self)) yield alive(self.identity, self.incarnation);
  for (const slot of table.active) yield alive(table.id(slot), table.incarnation(slot));
}
