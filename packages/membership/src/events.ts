import type { Member } from '@shoal/wire';
import type { SwimError } from './errors.ts';

/**
 * Why a member is down: the cluster found that it failed, or it said goodbye. Foca's protocol does
 * not carry the reason, so there only those that hear the goodbye itself report `left`.
 */
type DownReason = 'failed' | 'left';

/** Why this member is out: it left, or the cluster declared it down and it cannot renew itself. */
export type DefunctReason = 'left' | 'declaredDown';

/**
 * How a probe ended: an ack came back from the member itself or through a helper; no ack came, but
 * the member answered over a stream ({@link Swim.probeAnswered}); or nothing came at all.
 */
export type ProbeOutcome = 'direct' | 'indirect' | 'answered-by-stream' | 'failed';

/** What happened in the cluster as this member sees it, or to this member. Members are snapshots. */
export type MembershipEvent<Id> =
  /**
   * A member joined, or came back. `previous`: the identity that was known to be down at its
   * address, if it is another one.
   */
  | {
      readonly type: 'memberUp';
      readonly member: Member<Id>;
      readonly previous?: Id | undefined;
    }
  /**
   * A member is down. Its identity never comes back; the node may, under a renewed one. If one that
   * failed turns out to have left, {@link Swim.memberAt} says so; there is no further event.
   * `previous`: the identity that was active at its address, if it is another one.
   */
  | {
      readonly type: 'memberDown';
      readonly member: Member<Id>;
      readonly reason: DownReason;
      readonly previous?: Id | undefined;
    }
  /**
   * A member has another identity, and was active all the time: it changed its metadata, or
   * restarted before it was declared down, or another node took its address.
   */
  | { readonly type: 'memberUpdated'; readonly member: Member<Id>; readonly previous: Id }
  /** A member may have failed. It is still active and has some time to refute the suspicion. */
  | { readonly type: 'memberSuspected'; readonly member: Member<Id> }
  /** A suspect proved that it is alive. */
  | { readonly type: 'memberRefuted'; readonly member: Member<Id> }
  /** This member is part of a cluster: there is at least one other active member. */
  | { readonly type: 'active' }
  /** This member is alone: there is no other active member. */
  | { readonly type: 'idle' }
  /** This member is out of the cluster. {@link Swim.updateIdentity} brings it back. */
  | { readonly type: 'defunct'; readonly reason: DefunctReason }
  /** The cluster declared this member down, and it came back with this identity. */
  | { readonly type: 'rejoined'; readonly identity: Id }
  /** The process did not run for `ms`, or its clock jumped, by more than one probe period. */
  | { readonly type: 'paused'; readonly ms: number }
  /**
   * A probe got no direct answer in time, and helpers are asked to probe `target`. A caller that
   * can reach it by other means may try, and report an answer to {@link Swim.probeAnswered}.
   */
  | { readonly type: 'probeOverdue'; readonly target: Id; readonly probeNumber: number }
  /** A probe has ended. `rtt` is the round-trip time in ms of a direct answer. */
  | {
      readonly type: 'probe';
      readonly target: Id;
      readonly outcome: ProbeOutcome;
      readonly rtt?: number | undefined;
    }
  /** Input from a peer was refused: why, and the bytes as they came in. */
  | { readonly type: 'rejected'; readonly error: SwimError; readonly bytes: Uint8Array };

/** What a {@link Swim} wants done, or reports. */
export type Output<Id> =
  /**
   * Send these bytes as one datagram, best effort. The caller owns them; they are a view of a
   * larger buffer, which must not be transferred.
   */
  { readonly type: 'transmit'; readonly to: Id; readonly bytes: Uint8Array } | MembershipEvent<Id>;

/** Outputs that wait for {@link Swim.poll}, in order. */
export class OutputQueue<Id> {
  #items: (Output<Id> | undefined)[] = [];
  #head = 0;

  push(output: Output<Id>): void {
    this.#items.push(output);
  }

  take(): Output<Id> | undefined {
    if (this.#head === this.#items.length) return undefined;
    const output = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      // Reuse a small array; release the memory of a large one.
      if (this.#head > 1024) this.#items = [];
      else this.#items.length = 0;
      this.#head = 0;
    }
    return output;
  }
}
