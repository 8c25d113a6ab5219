import type { MemberState } from '@shoal/wire';

/** Whatever its incarnation. */
const ANY = Number.NEGATIVE_INFINITY;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * The order of preference of SWIM with suspicion: known state, then the update's, and by how much
 * its incarnation must be ahead for it to win. Down is the end of an identity. Source: the SWIM
 * paper, section 4.2; foca's `can_change`.
 */
const LEAD: Readonly<Record<MemberState, Readonly<Record<MemberState, number>>>> = {
  alive: { alive: 1, suspect: 0, down: ANY },
  suspect: { alive: 1, suspect: 1, down: ANY },
  down: { alive: NEVER, suspect: NEVER, down: NEVER },
};

/** Whether an update about one identity beats what is known of it. */
export function beats(
  known: MemberState,
  knownIncarnation: number,
  update: MemberState,
  incarnation: number,
): boolean {
  return incarnation - knownIncarnation >= LEAD[known][update];
}
