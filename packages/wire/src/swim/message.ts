/**
 * What a cluster believes about a member. A suspect is still active: it takes part until it
 * has failed to refute the suspicion in time.
 */
export type MemberState = 'alive' | 'suspect' | 'down';

/**
 * One member as a node knows it; sent, it is an *update*.
 *
 * `suspector` and `left` exist only in Shoal's own protocol (see {@link SwimCodec.lifeguard}).
 */
export interface Member<Id> {
  readonly id: Id;
  /** Grows when the member refutes a suspicion. 0..{@link SwimCodec.maxIncarnation}. */
  readonly incarnation: number;
  readonly state: MemberState;
  /** State `suspect` only: the address of the member that first suspected it (Lifeguard). */
  readonly suspector?: string | undefined;
  /** State `down` only: true when it left on its own, rather than failed. */
  readonly left?: boolean | undefined;
}

/**
 * A {@link Member} that a codec decodes into, so that reading a packet makes no object for
 * each of its updates. Every field is set by each read.
 */
export interface MemberRecord<Id> {
  id: Id;
  incarnation: number;
  state: MemberState;
  suspector: string | undefined;
  left: boolean;
}

/**
 * Fills a record, or makes one if there is none yet. The parameters are positional because this is
 * called for every update of every packet.
 */
export function fillRecord<Id>(
  into: MemberRecord<Id> | undefined,
  id: Id,
  incarnation: number,
  state: MemberState,
  suspector: string | undefined,
  left: boolean,
): MemberRecord<Id> {
  if (into === undefined) return { id, incarnation, state, suspector, left };
  into.id = id;
  into.incarnation = incarnation;
  into.state = state;
  into.suspector = suspector;
  into.left = left;
  return into;
}

/** A record as a member of its own, with the optional properties that it needs only. */
export function toMember<Id>(record: MemberRecord<Id>): Member<Id> {
  const { id, incarnation, state, suspector, left } = record;
  return {
    id,
    incarnation,
    state,
    ...(suspector === undefined ? {} : { suspector }),
    ...(left ? { left } : {}),
  };
}

/** What one node asks or tells another. `probeNumber` ties an answer to its probe. */
export type Message<Id> =
  /** The direct probe. */
  | { readonly type: 'ping'; readonly probeNumber: number }
  /** The answer to a ping. */
  | { readonly type: 'ack'; readonly probeNumber: number }
  /** Prober to helper: probe `target` for me. */
  | { readonly type: 'pingReq'; readonly target: Id; readonly probeNumber: number }
  /** Helper to target; `origin` is the first prober. */
  | { readonly type: 'indirectPing'; readonly origin: Id; readonly probeNumber: number }
  /** Target to helper; `target` is the first prober. */
  | { readonly type: 'indirectAck'; readonly target: Id; readonly probeNumber: number }
  /** Helper to first prober; `origin` is the probed member. */
  | { readonly type: 'forwardedAck'; readonly origin: Id; readonly probeNumber: number }
  /** Asks to join. Carries nothing. */
  | { readonly type: 'announce' }
  /** The answer to an announce: carries active members in place of updates. */
  | { readonly type: 'feed' }
  /** Spreads updates. */
  | { readonly type: 'gossip' }
  /** Spreads custom broadcasts only. */
  | { readonly type: 'broadcast' }
  /** Tells a member that it is held to be down. Carries nothing. */
  | { readonly type: 'turnUndead' }
  /** Helper to first prober: `target` has not answered me (Lifeguard; Shoal's protocol only). */
  | { readonly type: 'nack'; readonly target: Id; readonly probeNumber: number };

/** The name of a {@link Message} variant. */
export type MessageType = Message<unknown>['type'];

/** What every packet begins with. */
export interface Header<Id> {
  readonly src: Id;
  /** The sender's own incarnation: a newer one refutes a suspicion of it. */
  readonly srcIncarnation: number;
  readonly dst: Id;
  readonly message: Message<Id>;
}

/** What may follow a packet's header: a counted list of members, and custom broadcasts. */
export interface Payload {
  readonly members: boolean;
  readonly broadcasts: boolean;
}

/** What a message of this type may carry behind its header. */
export function payloadOf(type: MessageType): Payload {
  const broadcasts = type !== 'announce' && type !== 'turnUndead';
  return { members: broadcasts && type !== 'broadcast', broadcasts };
}
