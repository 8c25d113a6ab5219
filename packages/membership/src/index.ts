export type { Member, MemberState, NodeIdentity, SwimCodec } from '@shoal/wire';
export { AddressBook } from './address-book.ts';
export type { BroadcastHandler } from './broadcast.ts';
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
export { SwimError, type SwimErrorCode } from './errors.ts';
export type { DefunctReason, DownReason, MembershipEvent, Output } from './events.ts';
export { type IdentityTraits, nodeTraits, withMetadata } from './identity.ts';
export { type Sifted, sift as siftState } from './sift.ts';
export type { Counters, SwimStats } from './stats.ts';
export { Swim, type SwimOptions } from './swim.ts';
