import type { QueuedTimer } from '../timer-queue.ts';
import type { Slot } from './member-rows.ts';
import type { Suspicion } from './suspicion.ts';

/** The data of a suspect or Down member, in addition to its row in the table. */
export class MemberTimer implements QueuedTimer {
  readonly slot: Slot;
  /** The latest suspector, if it is known. */
  suspector: string | undefined;
  /** Set while the member is suspect and the suspicion has an end. */
  suspicion: Suspicion | undefined = undefined;
  /** When the suspicion ends, or a Down member is forgotten. */
  deadline = 0;
  heapIndex = -1;

  constructor(slot: Slot, suspector: string | undefined) {
    this.slot = slot;
    this.suspector = suspector;
  }
}
