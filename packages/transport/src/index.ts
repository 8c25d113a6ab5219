export { type Address, formatAddress, hostFamily, parseAddress } from './address.ts';
export { AsyncQueue } from './async-queue.ts';
export { abortError, onAbort, wholeNumber } from './authoring.ts';
export type { Connection, DatagramTransport, Listener, StreamTransport } from './contracts.ts';
export { TransportError, type TransportErrorCode } from './errors.ts';
export { Fifo } from './fifo.ts';
export { dialService, type ServiceListenersOptions, serviceListeners } from './service.ts';
export { Waiters } from './waiters.ts';
