export type {
  EncryptionMode,
  EncryptionOptions,
  EncryptionStats,
  TlsOptions,
} from '@shoal/transport-node';
export { Keyring } from '@shoal/transport-node';
export { createNode, type LogPath, type NodeOptions, type NodeTransports } from './create-node.ts';
export * from './portable.ts';
export { resetVote, type VoteReset } from './votes/reset-vote.ts';
