export { type Address, formatAddress, parseAddress } from './address.ts';
export type { ConnectionOptions } from './connection-limits.ts';
export type {
  Connection,
  DatagramTransport,
  KnownMembers,
  Listener,
  PeerProof,
  StreamTransport,
} from './contracts.ts';
export { TransportError, type TransportErrorCode } from './errors.ts';
export { dialService, type ServiceListenersOptions, serviceListeners } from './services.ts';
