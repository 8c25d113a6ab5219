import type { Member } from '@shoal/wire';
import type { IdentityTraits } from './identity.ts';

/** What of a peer's state is taken in how. */
export interface Sifted<Id> {
  /** To be passed on if it is news. */
  readonly news: Member<Id>[];
  /** To be remembered. */
  readonly past: Member<Id>[];
}

/**
 * Sorts what a peer knows. Who it holds to have failed is suspected, if we hold its address to be
 * active, so that it can object: when the halves of a split cluster meet, each holds the other's
 * members to be down. Source: memberlist, `mergeState` in state.go. Who failed and is no member
 * to us either is remembered, to be called from time to time, and no news to anyone.
 */
export function sift<Id>(
  members: readonly Member<Id>[],
  known: (address: string) => Member<Id> | undefined,
  traits: IdentityTraits<Id>,
  ownAddress: string,
): Sifted<Id> {
  const sifted: Sifted<Id> = { news: [], past: [] };
  for (const member of members) {
    const address = traits.address(member.id);
    if (member.state !== 'down' || member.left || address === ownAddress) {
      sifted.news.push(member);
      continue;
    }
    const ours = known(address);
    if (ours === undefined || ours.state === 'down') sifted.past.push(member);
    else {
      const { id, incarnation } = member;
      sifted.news.push({ id, incarnation, state: 'suspect' });
    }
  }
  return sifted;
}
