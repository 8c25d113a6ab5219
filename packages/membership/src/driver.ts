export { MembershipEventTarget, MembershipUpdate } from './driver/event-target.ts';
export { type DriverStats, Membership } from './driver/membership.ts';
export type {
  CustomMembershipOptions,
  DriverEvent,
  JoinRetry,
  MembershipOptions,
  StreamsOptions,
} from './driver/options.ts';
export { startMembership } from './driver/start-membership.ts';
