import type {
  DatagramTransport,
  Listener,
  StreamTransport,
  TransportError,
} from '@shoal/transport';
import type { Member, NodeIdentity, SwimCodec } from '@shoal/wire';
import type { SwimConfig } from '../config.ts';
import type { BroadcastHandler } from '../dissemination/broadcast-queue.ts';
import type { SwimError } from '../errors.ts';
import type { MembershipEvent } from '../events.ts';
import type { JoinRetry } from '../lifecycle/joiner.ts';
import type { IdentityTraits } from '../members/identity.ts';

/** A seed that was tried in vain. */
export interface UnansweredSeed<Id> {
  readonly seed: Id;
  readonly address: string;
  /**
   * Why no datagram gets there, as the transport's error with code `address`, `resolve` or
   * `unreachable`; or a `SwimError` with code `timeout` if none came back.
   */
  readonly error: Error;
}

/** What a `Membership` reports: the events of `Swim`, and those of seeds and streams. */
export type DriverEvent<Id> =
  | MembershipEvent<Id>
  /**
   * The seeds could not be looked up, or not in time, and `seeds` is empty. Or each of `seeds` was
   * tried, and this member is still alone. Another attempt will follow.
   */
  | {
      readonly type: 'joinFailed';
      readonly error: SwimError;
      readonly seeds: readonly UnansweredSeed<Id>[];
    }
  /**
   * No datagram can get from here to an active member: its address is not valid, or one of the two
   * has IPv4 only and the other one IPv6 only. Both stay members as long as others reach both.
   */
  | {
      readonly type: 'memberUnreachable';
      readonly member: Member<Id>;
      readonly error: TransportError;
    }
  /** States were compared with the member at this stream address, and exchanged unless equal. */
  | { readonly type: 'exchange'; readonly address: string; readonly outcome: 'equal' | 'merged' }
  /** An exchange failed: code `stream` or `state`. */
  | { readonly type: 'exchangeFailed'; readonly address: string; readonly error: SwimError }
  /** Streams are not, or no longer, accepted: code `stream`. The rest continues. */
  | { readonly type: 'listenFailed'; readonly error: SwimError }
  /** Three probes in a row were answered over a stream only: datagrams look blocked. */
  | { readonly type: 'datagramsBlocked'; readonly address: string }
  /** A datagram came back from the member again. */
  | { readonly type: 'datagramsRestored'; readonly address: string };

/**
 * Streams between members: for exchanges of whole states, at joins and periodically, and for
 * probes that no datagram answered in time. Times are in ms, 1..2^31-1.
 */
export interface StreamsOptions<Id> {
  /** Dials other members, and listens unless `listen` is a listener. */
  readonly transport: StreamTransport;
  /**
   * Where to accept streams: an address to bind, or a listener, which the membership owns and
   * closes. False: nowhere, as in a browser. Default: the address that `transport` is bound to.
   */
  readonly listen?: string | Listener | false | undefined;
  /**
   * The address at which a member accepts streams; undefined if it does not. Default: its
   * datagram address, unless it is behind a gateway. A member that does not listen costs only a
   * failed dial.
   */
  readonly address?: ((id: Id) => string | undefined) | undefined;
  /**
   * The time between exchanges with a random member; 0 for exchanges at joins only. Randomized by
   * up to a quarter either way, and longer in clusters of more than 32 members. Default 30,000,
   * memberlist's PushPullInterval.
   */
  readonly interval?: number | undefined;
  /** How long one exchange may take. Default 10,000, memberlist's TCPTimeout. */
  readonly timeout?: number | undefined;
  /** How many peers are served at once; others are refused. 1 or more. Default 128, memberlist's. */
  readonly maxServed?: number | undefined;
}

/** Seeds, or a function that looks them up. */
export type Seeds<Seed> = readonly Seed[] | (() => readonly Seed[] | Promise<readonly Seed[]>);

interface CommonOptions<Id, Seed> {
  /** Carries the packets. The membership owns it and closes it. */
  readonly transport: DatagramTransport;
  /**
   * Members to join. One that answers is enough. This member's own address is skipped. A function
   * is called for each attempt, which fails after `joinRetry.lookUpTimeout`. Default: none.
   */
  readonly seeds?: Seeds<Seed> | undefined;
  /** Default `lan()`. `maxPacketSize` is lowered to what the transport carries. */
  readonly config?: SwimConfig | undefined;
  /** Handles custom broadcasts. Default: none, and broadcasts are refused. */
  readonly broadcasts?: BroadcastHandler<Id> | undefined;
  /**
   * Whether to take in a member that is not known yet. It is asked again whenever the member is heard
   * of. Must be fast, and not call the membership. Default: all are taken in.
   */
  readonly admit?: ((member: Member<Id>) => boolean) | undefined;
  /** The delays between attempts to join. */
  readonly joinRetry?: JoinRetry | undefined;
  /** Default: none; everything goes over datagrams. */
  readonly streams?: StreamsOptions<Id> | undefined;
  /**
   * The cluster's label: packets and streams of other clusters are refused. Default `shoal`. With
   * a protocol other than Shoal's own, it applies to streams only.
   */
  readonly label?: string | undefined;
  /** Closes the membership, without a goodbye, when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Returns numbers from 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Options of {@link startMembership} for Shoal's own protocol. Seeds are addresses. */
export interface MembershipOptions extends CommonOptions<NodeIdentity, string> {
  /**
   * The identity of this member. Default: the transport's address, the milliseconds since 1970 as
   * the generation, and no metadata. Set the address if others reach this member at an address
   * other than the one that the transport is bound to, such as when that is `0.0.0.0`.
   */
  readonly identity?: Partial<NodeIdentity> | undefined;
  /**
   * How far the generation of another node may be ahead of this one's clock, in ms: nodes that are
   * further ahead are refused. `Infinity` turns this off; then one made-up update can shut a node
   * out for good. Default one day.
   */
  readonly maxGenerationLead?: number | undefined;
}

/** Options of {@link startMembership} for another protocol or kind of identity, such as foca's. */
export interface CustomMembershipOptions<Id> extends CommonOptions<Id, Id> {
  readonly identity: Id;
  readonly traits: IdentityTraits<Id>;
  readonly codec: SwimCodec<Id>;
}
