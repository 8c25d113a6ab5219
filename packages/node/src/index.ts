export { createNode, type LogPath, type NodeOptions, type NodeTransports } from './create-node.ts';
export { fileTermStore } from './file-term-store.ts';
export * from './portable.ts';
