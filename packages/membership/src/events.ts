import type { Member } from '@shoal/wire';
import type { SwimError } from './errors.ts';

/**
 * Why a member is down: the cluster found it failed, or it said goodbye. Foca's wire does not
 * carry this: there only who hears the goodbye from the member itself knows that it `left`.
 */
export type DownReason = 'failed' | 'left';

/** Why we are out: we left, or the cluster holds us to be down and we cannot renew ourselves. */
export type DefunctReason = 'left' | 'declaredDown';

/** What happened to the cluster as we see it, or to us. Members are snapshots. */
export type MembershipEvent<Id> =
  /** A member joined, or came back with a new identity. */
  | { readonly type: 'memberUp'; readonly member: Member<Id> }
  /** A member is down. Its identity never comes back; the node may, with a renewed one. */
  | { readonly type: 'memberDown'; readonly member: Member<Id>; readonly reason: DownReason }
  /** A node took a new identity, be it for new metadata. Comes before an up or down. */
  | { readonly type: 'memberUpdated'; readonly member: Member<Id>; readonly previous: Id }
  /** A member may have failed and has some time to object. It is still active. */
  | { readonly type: 'memberSuspected'; readonly member: Member<Id> }
  /** A suspect proved that it is alive. */
  | { readonly type: 'memberRefuted'; readonly member: Member<Id> }
  /** We are part of a cluster: there is another active member. */
  | { readonly type: 'active' }
  /** We are alone: there is no other active member. */
  | { readonly type: 'idle' }
  /** We take no part any more. {@link Swim.updateIdentity} brings us back. */
  | { readonly type: 'defunct'; readonly reason: DefunctReason }
  /** We were held to be down and have come back with this identity. */
  | { readonly type: 'rejoined'; readonly identity: Id }
  /** We did not run for so many ms, or the clock jumped: longer than one probe period. */
  | { readonly type: 'paused'; readonly ms: number }
  /**
   * A probe has had no direct answer in time, and members are asked to probe in our stead. Who
   * has another way to `target` may try it, and tell {@link Swim.confirm}.
   */
  | { readonly type: 'probeOverdue'; readonly target: Id; readonly probeNumber: number }
  /**
   * The outcome of a probe: an ack, direct or through a helper; no ack but a
   * {@link Swim.confirm}; nothing. `rtt` in ms, for a direct answer.
   */
  | {
      readonly type: 'probe';
      readonly target: Id;
      readonly outcome: 'direct' | 'indirect' | 'confirmed' | 'failed';
      readonly rtt?: number;
    };

/** What a {@link Swim} wants done, or tells. */
export type Output<Id> =
  /**
   * Send these bytes, which are the taker's, as one datagram. Best effort. They are a view of a
   * larger buffer, which is not to be transferred.
   */
  | { readonly type: 'transmit'; readonly to: Id; readonly bytes: Uint8Array }
  | { readonly type: 'event'; readonly event: MembershipEvent<Id> }
  /** What a peer sent was refused: why, and the bytes as they were handed in. */
  | { readonly type: 'rejected'; readonly error: SwimError; readonly bytes: Uint8Array };

/** Outputs that wait to be taken, in order. */
export class OutputQueue<Id> {
  #items: (Output<Id> | undefined)[] = [];
  #head = 0;

  push(output: Output<Id>): void {
    this.#items.push(output);
  }

  emit(event: MembershipEvent<Id>): void {
    this.#items.push({ type: 'event', event });
  }

  take(): Output<Id> | undefined {
    if (this.#head === this.#items.length) return undefined;
    const output = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      // A big batch must not keep its memory; a small one is worth reusing.
      if (this.#head > 1024) this.#items = [];
      else this.#items.length = 0;
      this.#head = 0;
    }
    return output;
  }
}
