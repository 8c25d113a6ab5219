import { Waiters } from '@shoal/async';
import type { VoterChangeFailure } from '@shoal/consensus';
import { NodeError } from '../errors.ts';

/** What users have asked this leader for, and wait for. */
export class LeaderRequests {
  readonly votersChanged: Waiters = new Waiters();
  readonly transferred: Waiters = new Waiters();

  endChange(failure: VoterChangeFailure | undefined): void {
    if (failure === undefined) return this.votersChanged.resolveAll();
    const missing = failure.missing.length > 0 ? `; missing: ${failure.missing.join(', ')}` : '';
    const error =
      failure.code === 'timeout'
        ? new NodeError('timeout', `the change of the voters took too long${missing}`)
        : new NodeError('fenced', 'this node no longer leads: the change may be complete or not');
    this.votersChanged.rejectAll(error);
  }

  transferFailed(to: string): void {
    const text = `${to} has not taken over in time: this node goes on to lead`;
    this.transferred.rejectAll(new NodeError('timeout', text));
  }

  /** Whoever leads next, this node does not. */
  steppedDown(): void {
    this.transferred.resolveAll();
  }

  close(reason: NodeError): void {
    this.votersChanged.rejectAll(reason);
    this.transferred.rejectAll(reason);
  }
}
