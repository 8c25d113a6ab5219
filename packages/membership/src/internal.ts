/**
 * What the other packages of Shoal need from this one. It promises nothing: names and behavior
 * change in any release.
 *
 * @module
 */
export { startMembershipWithSink } from './driver/start-membership.ts';
export { STREAMS_DEFAULTS } from './driver/streams.ts';
export { ExchangeSchedule, type ExchangeScheduleOptions } from './lifecycle/exchange-schedule.ts';
export { Joiner, type JoinerOptions } from './lifecycle/joiner.ts';
export { AddressBook } from './members/address-book.ts';
export { mergeStates } from './members/merge-states.ts';
