/**
 * What a cluster believes about a member. A suspect is still active: it goes down only if it does
 * not refute the suspicion in time.
 */
export type MemberState = 'alive' | 'suspect' | 'down';

/** The states by their number on the wire, which is the order of foca's `State`. */
export const MEMBER_STATES: readonly MemberState[] = ['alive', 'suspect', 'down'];

/** The index of a state in {@link MEMBER_STATES}, without a search. */
export function stateNumber(state: MemberState): number {
  return state === 'alive' ? 0 : state === 'suspect' ? 1 : 2;
}

/**
 * What a node knows about one member. In a packet it is called an *update*.
 *
 * Only Shoal's own protocol carries `suspector` and `left` (see `SwimCodec.lifeguard`).
 */
export interface Member<Id> {
  readonly id: Id;
  /** 0 to `SwimCodec.maxIncarnation`. The member increments it to refute a suspicion. */
  readonly incarnation: number;
  readonly state: MemberState;
  /** Only if `suspect`: the address of the member that first suspected it (Lifeguard). */
  readonly suspector?: string | undefined;
  /** Only if `down`: true if the member left on its own; false or absent if it failed. */
  readonly left?: boolean | undefined;
}

/**
 * A {@link Member} into which a codec decodes, so that a packet does not cost an object per update.
 * Each read sets every field.
 */
export interface MemberRecord<Id> {
  id: Id;
  incarnation: number;
  state: MemberState;
  suspector: string | undefined;
  left: boolean;
}

/** Copies a record to a member that has only the optional properties it needs. */
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

/**
 * What one node asks or tells another. `probeNumber`, 0..{@link SwimCodec.maxProbeNumber}, connects
 * an answer to its probe.
 */
export type Message<Id> =
  /** A direct probe. */
  | { readonly type: 'ping'; readonly probeNumber: number }
  /** The answer to a ping. */
  | { readonly type: 'ack'; readonly probeNumber: number }
  /** From a prober to a helper: asks it to probe `target`. */
  | { readonly type: 'pingReq'; readonly target: Id; readonly probeNumber: number }
  /** From the helper to the target, on behalf of `origin`, the prober. */
  | { readonly type: 'indirectPing'; readonly origin: Id; readonly probeNumber: number }
  /** From the target to the helper. `target` is the prober, to whom the helper forwards it. */
  | { readonly type: 'indirectAck'; readonly target: Id; readonly probeNumber: number }
  /** From the helper to the prober. `origin` is the probed member. */
  | { readonly type: 'forwardedAck'; readonly origin: Id; readonly probeNumber: number }
  /** Asks to join. Has no body. */
  | { readonly type: 'announce' }
  /** The answer to an announce. Its body has active members instead of updates. */
  | { readonly type: 'feed' }
  /** Spreads updates and custom broadcasts. */
  | { readonly type: 'gossip' }
  /** Spreads custom broadcasts. */
  | { readonly type: 'broadcast' }
  /** Tells a member that the sender believes it to be down. Has no body. */
  | { readonly type: 'turnUndead' }
  /**
   * From the helper to the prober: `target` has not answered. Only Shoal's own protocol has it
   * (Lifeguard).
   */
  | { readonly type: 'nack'; readonly target: Id; readonly probeNumber: number };

/** The type of a {@link Message}. */
export type MessageType = Message<unknown>['type'];

/** The messages by their number on the wire: the order of foca's `Message`, then Shoal's nack. */
export const MESSAGE_TYPES: readonly MessageType[] = [
  'ping',
  'ack',
  'pingReq',
  'indirectPing',
  'indirectAck',
  'forwardedAck',
  'announce',
  'feed',
  'gossip',
  'broadcast',
  'turnUndead',
  'nack',
];

/** The header of a packet. */
export interface Header<Id> {
  /** The sender. */
  readonly src: Id;
  /** The sender's own incarnation. One that is newer than a suspicion of the sender refutes it. */
  readonly srcIncarnation: number;
  /** The receiver for which the packet is meant. */
  readonly dst: Id;
  readonly message: Message<Id>;
}

/** Which parts the body of a packet may have. */
export interface Payload {
  readonly members: boolean;
  readonly broadcasts: boolean;
}

/** Which parts the body of a packet with such a message may have. */
export function payloadOf(type: MessageType): Payload {
  const broadcasts = type !== 'announce' && type !== 'turnUndead';
  return { members: broadcasts && type !== 'broadcast', broadcasts };
}
