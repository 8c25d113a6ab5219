export type { Member, MemberState, NodeIdentity, SwimCodec } from '@shoal/wire';
export {
  type LifeguardParts,
  lan,
  local,
  type Periodic,
  type Scale,
  type SwimConfig,
  simple,
  suspicionConfirmations,
  suspicionTimeout,
  transmissionLimit,
  wan,
} from './config.ts';
export type { SwimState } from './context.ts';
export type { BroadcastHandler } from './dissemination/broadcast-queue.ts';
export { SwimError, type SwimErrorCode } from './errors.ts';
export type { DefunctReason, DownReason, MembershipEvent, Output } from './events.ts';
export { type IdentityTraits, nodeTraits, withMetadata } from './members/identity.ts';
export type { Counters, SwimStats } from './stats.ts';
export { Swim, type SwimOptions } from './swim.ts';
