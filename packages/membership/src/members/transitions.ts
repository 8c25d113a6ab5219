import type { MemberState } from '@shoal/wire';

/** Wins whatever the incarnation. */
const ANY = Number.NEGATIVE_INFINITY;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * The precedence of SWIM with suspicion. By the known state and that of the update: by how much the
 * update's incarnation must be ahead to win. Down is the final state of an identity. Source: the
 * SWIM paper, section 4.2; foca's `can_change`.
 */
const LEAD: Readonly<Record<MemberState, Readonly<Record<MemberState, number>>>> = {
  alive: { alive: 1, suspect: 0, down: ANY },
  suspect: { alive: 1, suspect: 1, down: ANY },
  down: { alive: NEVER, suspect: NEVER, down: NEVER },
};

/** Whether an update about an identity takes precedence over what is known about it. */
export function beats(
  known: MemberState,
  knownIncarnation: number,
  update: MemberState,
  incarnation: number,
): boolean {
  return incarnation - knownIncarnation >= LEAD[known][update];
}
