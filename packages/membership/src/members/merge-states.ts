import type { Member } from '@shoal/wire';
import type { IdentityTraits } from './identity.ts';

/** A peer's state, sorted by how to apply it. */
export interface MergedStates<Id> {
  /** Apply these, and pass on what is new. */
  readonly spread: Member<Id>[];
  /** Remember these, and tell nobody. */
  readonly remember: Member<Id>[];
}

/** How this member sees the cluster, as far as {@link mergeStates} needs to know. */
export interface OwnView<Id> {
  readonly traits: Pick<IdentityTraits<Id>, 'address'>;
  readonly ownAddress: string;
  memberAt(address: string): Member<Id> | undefined;
}

/**
 * Sorts the state that a peer sent over a stream. A member that failed in the peer's view but is
 * active in ours becomes a suspect, so that it can object: when the halves of a split cluster
 * meet, each holds the other's members to be down. A member that failed and is not active here
 * either is only remembered, to be contacted from time to time; it is not news to anyone. Source:
 * memberlist, `mergeState` in state.go.
 */
export function mergeStates<Id>(
  members: readonly Member<Id>[],
  view: OwnView<Id>,
): MergedStates<Id> {
  const merged: MergedStates<Id> = { spread: [], remember: [] };
  for (const member of members) {
    const address = view.traits.address(member.id);
    const failed = member.state === 'down' && !member.left;
    if (!failed || address === view.ownAddress) {
      merged.spread.push(member);
      continue;
    }
    const known = view.memberAt(address);
    if (known === undefined || known.state === 'down') merged.remember.push(member);
    else {
      const { id, incarnation } = member;
      merged.spread.push({ id, incarnation, state: 'suspect' });
    }
  }
  return merged;
}
