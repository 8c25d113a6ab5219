export {
  type EncryptedDatagrams,
  type EncryptionMode,
  type EncryptionOptions,
  type EncryptionStats,
  encryptDatagrams,
} from './encrypted-datagrams.ts';
export { KEY_LENGTH, Keyring } from './keyring.ts';
export type { StreamOptions } from './stream-options.ts';
export { createTcpTransport } from './tcp-transport.ts';
export { createTlsTransport, type TlsOptions } from './tls-transport.ts';
export {
  createUdpTransport,
  type UdpOptions,
  type UdpStats,
  type UdpTransport,
} from './udp-transport.ts';
