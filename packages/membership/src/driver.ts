export type { EventStream } from '@shoal/async';
export { type DriverStats, Membership } from './driver/membership.ts';
export type {
  CustomMembershipOptions,
  DriverEvent,
  MembershipOptions,
  Seeds,
  StreamsOptions,
  UnansweredSeed,
} from './driver/options.ts';
export { startMembership } from './driver/start-membership.ts';
export type { JoinRetry } from './lifecycle/joiner.ts';
