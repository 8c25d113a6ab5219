import type { MemberState } from '@shoal/wire';

/** When an update wins: its incarnation must be greater, at least equal, or anything at all. */
type Needs = 'greater' | 'equal' | 'any' | 'never';

/**
 * The order of preference of SWIM with suspicion: known state, then the update's. Down is the
 * end of an identity. Source: the SWIM paper, section 4.2; foca's `can_change`.
 */
const TABLE: Readonly<Record<MemberState, Readonly<Record<MemberState, Needs>>>> = {
  alive: { alive: 'greater', suspect: 'equal', down: 'any' },
  suspect: { alive: 'greater', suspect: 'greater', down: 'any' },
  down: { alive: 'never', suspect: 'never', down: 'never' },
};

/** Whether an update about one identity beats what is known of it. */
export function beats(
  known: MemberState,
  knownIncarnation: number,
  update: MemberState,
  incarnation: number,
): boolean {
  const needs = TABLE[known][update];
  if (needs === 'greater') return incarnation > knownIncarnation;
  if (needs === 'equal') return incarnation >= knownIncarnation;
  return needs === 'any';
}
