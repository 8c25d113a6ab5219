import type { Member } from '@shoal/wire';
import type { Swim } from '../swim.ts';
import type { IdentityTraits } from './identity.ts';

/** What {@link mergeStates} works with. */
export interface MergeOptions<Id> {
  readonly swim: Pick<Swim<Id>, 'identity' | 'memberAt' | 'applyMany'>;
  readonly traits: Pick<IdentityTraits<Id>, 'address'>;
  /** The peer's {@link Swim.membershipState}, or a part of it. */
  readonly members: readonly Member<Id>[];
  /** In ms of the clock of `swim`. */
  readonly now: number;
}

/**
 * Takes in the state that a peer sent over a stream. A member that failed in the peer's view but is
 * active in this one becomes a suspect, so that it can refute: when the halves of a split cluster
 * meet, each has the other's members as down. Source: memberlist, `mergeState` in state.go.
 *
 * A Down member that is unknown here is ignored. A record does not say how old it is, so members
 * that took such records from each other would renew them forever.
 *
 * Throws `identity`, with nothing changed, if a member cannot be encoded.
 */
export function mergeStates<Id>({ swim, traits, members, now }: MergeOptions<Id>): void {
  const ownAddress = traits.address(swim.identity);
  const news: Member<Id>[] = [];
  for (const member of members) {
    const address = traits.address(member.id);
    if (member.state !== 'down' || address === ownAddress) {
      news.push(member);
      continue;
    }
    const known = swim.memberAt(address);
    if (known === undefined) continue;
    if (member.left) news.push(member);
    else if (known.state !== 'down') {
      news.push({ id: member.id, incarnation: member.incarnation, state: 'suspect' });
    }
  }
  swim.applyMany(news, now);
}
