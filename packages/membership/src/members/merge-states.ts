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
 * meet, each has the other's members as down. A member that failed and is not active here
 * either is remembered, to be contacted from time to time, but not passed on. Source: memberlist,
 * `mergeState` in state.go.
 *
 * Throws `identity` if a member cannot be encoded; others may have been taken in.
 */
export function mergeStates<Id>({ swim, traits, members, now }: MergeOptions<Id>): void {
  const ownAddress = traits.address(swim.identity);
  const spread: Member<Id>[] = [];
  const remember: Member<Id>[] = [];
  for (const member of members) {
    const address = traits.address(member.id);
    const failed = member.state === 'down' && !member.left;
    if (!failed || address === ownAddress) {
      spread.push(member);
      continue;
    }
    const known = swim.memberAt(address);
    if (known === undefined || known.state === 'down') remember.push(member);
    else spread.push({ id: member.id, incarnation: member.incarnation, state: 'suspect' });
  }
  swim.applyMany(spread, now);
  swim.applyMany(remember, now, { broadcast: false });
}
