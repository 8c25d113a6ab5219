// For Shoal's own transports. Promises nothing: it may change in any release.
export { abortError, throwIfAborted } from './abort-error.ts';
export { hostFamily } from './address.ts';
export { BoundedMap } from './bounded-map.ts';
export { callApplication } from './call-application.ts';
export { type ConnectionLimits, connectionLimits, defaultCap } from './connection-limits.ts';
export { type DialAddress, dialAddress } from './dial-address.ts';
export {
  type OpenConnection,
  OpenConnections,
  type OpenConnectionsLimits,
} from './open-connections.ts';
export { systemCode, systemError } from './system-error.ts';
export { type WholeNumberRange, wholeNumber } from './whole-number.ts';
export { type DeadlineOptions, withDeadline } from './with-deadline.ts';
