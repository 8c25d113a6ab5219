export { MembershipEventTarget, MembershipUpdate } from './driver/event-target.ts';
export { type DriverStats, Membership, startMembership } from './driver/membership.ts';
export type {
  CustomMembershipOptions,
  DriverEvent,
  JoinRetry,
  MembershipOptions,
} from './driver/options.ts';
