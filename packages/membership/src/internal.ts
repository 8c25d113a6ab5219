// For the sibling packages of Shoal. Promises nothing: it may change in any release.
export { startMembershipWithSink } from './driver/start-membership.ts';
export {
  ExchangeSchedule,
  type ExchangeScheduleOptions,
  exchangeScale,
} from './lifecycle/exchange-schedule.ts';
export { Joiner, type JoinerOptions } from './lifecycle/joiner.ts';
export { AddressBook } from './members/address-book.ts';
