import type { DatagramTransport } from '@shoal/transport';
import type { NodeIdentity, SwimCodec } from '@shoal/wire';
import type { BroadcastHandler } from '../broadcast.ts';
import type { SwimConfig } from '../config.ts';
import type { SwimError } from '../errors.ts';
import type { MembershipEvent } from '../events.ts';
import type { IdentityTraits } from '../identity.ts';

/** What a `Membership` reports: what the machine does, datagrams that were refused, trouble with seeds. */
export type DriverEvent<Id> =
  | MembershipEvent<Id>
  /** A peer's fault: why a datagram, or one broadcast of it, was refused. */
  | { readonly type: 'rejected'; readonly error: SwimError; readonly bytes: Uint8Array }
  /** The seeds could not be looked up, or one is no address. There will be another attempt. */
  | { readonly type: 'joinFailed'; readonly error: unknown };

/** How long to wait between attempts to join, in ms. Each wait is varied by a quarter. */
export interface JoinRetry {
  /** Before the second attempt; twice as long before each one after. Default 500. */
  readonly first?: number;
  /** At the most; also between looks for seeds that are no members. Default 30,000. */
  readonly most?: number;
}

interface CommonOptions<Id, Seed> {
  /** Carries the packets. It is taken over: closed with the membership. */
  readonly transport: DatagramTransport;
  /**
   * Members to join at, of which one that answers is enough; our own address among them is
   * passed over. A function is asked afresh for each attempt, and may look them up.
   */
  readonly seeds?: readonly Seed[] | (() => readonly Seed[] | Promise<readonly Seed[]>);
  /** Default {@link lan}. `maxPacketSize` is lowered to what the transport carries. */
  readonly config?: SwimConfig;
  readonly broadcasts?: BroadcastHandler<Id>;
  readonly joinRetry?: JoinRetry;
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
  /** The cluster's label: packets of other clusters are refused. Default `shoal`. */
  readonly label?: string;
}

/** Options of {@link startMembership} for another wire or kind of identity, such as foca's. */
export interface CustomMembershipOptions<Id> extends CommonOptions<Id, Id> {
  readonly identity: Id;
  readonly traits: IdentityTraits<Id>;
  readonly codec: SwimCodec<Id>;
}
