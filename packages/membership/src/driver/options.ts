import type { DatagramTransport, Listener, StreamTransport } from '@shoal/transport';
import type { NodeIdentity, SwimCodec } from '@shoal/wire';
import type { BroadcastHandler } from '../broadcast.ts';
import type { SwimConfig } from '../config.ts';
import type { SwimError } from '../errors.ts';
import type { MembershipEvent } from '../events.ts';
import type { IdentityTraits } from '../identity.ts';

/**
 * What a `Membership` reports: what the machine does, what was refused, trouble with seeds, and
 * what it does over streams.
 */
export type DriverEvent<Id> =
  | MembershipEvent<Id>
  /** A peer's fault: why a datagram, one broadcast of it, or a message on a stream, was refused. */
  | { readonly type: 'rejected'; readonly error: SwimError; readonly bytes: Uint8Array }
  /** The seeds could not be looked up, or one is no address. There will be another attempt. */
  | { readonly type: 'joinFailed'; readonly error: unknown }
  /** States were compared with the member at this stream address, and exchanged unless equal. */
  | { readonly type: 'exchange'; readonly address: string; readonly outcome: 'equal' | 'merged' }
  /** They could not be: the transport's error, or a `SwimError` with code `stream` or `state`. */
  | { readonly type: 'exchangeFailed'; readonly address: string; readonly error: unknown }
  /** No streams are taken, or no more: the transport's error. Everything else goes on. */
  | { readonly type: 'listenFailed'; readonly error: unknown }
  /** The member answers streams, but three probes in a row brought no datagram back. */
  | { readonly type: 'datagramsBlocked'; readonly address: string }
  /** A datagram has come back from it after all. */
  | { readonly type: 'datagramsRestored'; readonly address: string };

/** How long to wait between attempts to join, in ms. Each wait is varied by a quarter. */
export interface JoinRetry {
  /** Before the second attempt; twice as long before each one after. Default 500. */
  readonly first?: number;
  /** At the most; also between looks for seeds that are no members. Default 30,000. */
  readonly most?: number;
}

/**
 * Streams between members: for the exchange of whole states, at a join and now and then, and for
 * probes that datagrams have not answered in time. A time is in ms, 1..2^31-1.
 */
export interface StreamsOptions<Id> {
  readonly transport: StreamTransport;
  /**
   * Where to take streams: an address to bind to, or a listener, which is taken over: closed with
   * the membership. False: nowhere, as in a browser. Default: where `transport` is bound.
   */
  readonly listen?: string | Listener | false;
  /**
   * Where a member takes streams; undefined if nowhere. Default: where it takes datagrams, unless
   * it is behind a gateway. Members that do not listen cost no more than a dial that fails.
   */
  readonly address?: (id: Id) => string | undefined;
  /**
   * Between exchanges with a random member; 0: only at joins. Varied by a quarter, and longer in
   * clusters of more than 32. Default 30,000. Source: memberlist's PushPullInterval.
   */
  readonly interval?: number;
  /** How long one exchange may take. Default 10,000. Source: memberlist's TCPTimeout. */
  readonly timeout?: number;
  /** How many peers are served at once; more are refused. 1 or more. Default 128, as memberlist's. */
  readonly maxServed?: number;
}

interface CommonOptions<Id, Seed> {
  /** Carries the packets. It is taken over: closed with the membership. */
  readonly transport: DatagramTransport;
  /**
   * Members to join at, of which one that answers is enough; our own address among them is
   * passed over. A function is asked afresh for each attempt, and may look them up.
   */
  readonly seeds?: readonly Seed[] | (() => readonly Seed[] | Promise<readonly Seed[]>);
  /** Default `lan()`. `maxPacketSize` is lowered to what the transport carries. */
  readonly config?: SwimConfig;
  readonly broadcasts?: BroadcastHandler<Id>;
  readonly joinRetry?: JoinRetry;
  /** Default: none; datagrams do everything. */
  readonly streams?: StreamsOptions<Id>;
  /**
   * The cluster's label: packets and streams of other clusters are refused. Default `shoal`. Of
   * another wire than Shoal's own it is the streams' only.
   */
  readonly label?: string;
  /** Closes the membership, without a goodbye, when it fires. */
  readonly signal?: AbortSignal;
  /** Numbers of 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** Options of {@link startMembership} for Shoal's own protocol. Seeds are addresses. */
export interface MembershipOptions extends CommonOptions<NodeIdentity, string> {
  /**
   * Who we are. Default: at the transport's address, the milliseconds since 1970 as the
   * generation, and no metadata. State it when others reach us at another address than the one
   * that the transport is bound to, such as `0.0.0.0`.
   */
  readonly identity?: Partial<NodeIdentity>;
}

/** Options of {@link startMembership} for another wire or kind of identity, such as foca's. */
export interface CustomMembershipOptions<Id> extends CommonOptions<Id, Id> {
  readonly identity: Id;
  readonly traits: IdentityTraits<Id>;
  readonly codec: SwimCodec<Id>;
}
