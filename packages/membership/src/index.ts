export type { Member, MemberState, NodeIdentity, SwimCodec } from '@shoal/wire';
export {
  lan,
  local,
  type SwimConfig,
  simple,
  suspicionTimeout,
  transmissionLimit,
  wan,
} from './config.ts';
export type { SwimState } from './context.ts';
export type { BroadcastHandler } from './dissemination/broadcast-queue.ts';
export { SwimError, type SwimErrorCode } from './errors.ts';
export type { MembershipEvent, Output } from './events.ts';
export {
  boundedTraits,
  type IdentityTraits,
  nodeTraits,
  withMetadata,
} from './members/identity.ts';
export type { SwimStats } from './stats.ts';
export { Swim, type SwimOptions } from './swim.ts';
