export type { EncryptionMode, Keyring, TlsOptions } from '@shoal/transport-node';
export { createNode, type LogPath, type NodeOptions, type NodeTransports } from './create-node.ts';
export * from './portable.ts';
export { fileVoteStore } from './votes/file-vote-store.ts';
