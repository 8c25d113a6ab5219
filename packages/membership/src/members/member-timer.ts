import type { Timer } from '../timer-queue.ts';
import type { Slot } from './member-rows.ts';
import type { Suspicion } from './suspicion.ts';

/** What is kept of a member that is suspect or Down, and of no other. */
export class MemberTimer implements Timer {
  readonly slot: Slot;
  /** Who suspects it, as far as that was said. */
  suspector: string | undefined;
  /** Set while it is suspect and that has an end. */
  suspicion: Suspicion | undefined = undefined;
  /** The suspicion's end, or when a Down member is forgotten. */
  deadline = 0;
  heapIndex = -1;

  constructor(slot: Slot, suspector: string | undefined) {
    this.slot = slot;
    this.suspector = suspector;
  }
}
