export { encryptDatagrams } from './encryption/encrypted-datagrams.ts';
export type {
  EncryptedDatagrams,
  EncryptionMode,
  EncryptionOptions,
  EncryptionStats,
} from './encryption/encryption-options.ts';
export { KEY_LENGTH, Keyring } from './encryption/keyring.ts';
export {
  createKeyringTransport,
  type KeyringTransportOptions,
} from './encryption/keyring-transport.ts';
export type { StreamOptions } from './sockets/stream-options.ts';
export { createTcpTransport } from './tcp/tcp-transport.ts';
export type { Credentials, TlsOptions } from './tls/tls-options.ts';
export { createTlsTransport, type TlsTransport } from './tls/tls-transport.ts';
export type { UdpOptions, UdpStats, UdpTransport } from './udp/udp-options.ts';
export { createUdpTransport } from './udp/udp-transport.ts';
