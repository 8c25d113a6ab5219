// For the other packages of Shoal. Promises nothing: anything here may change in any release.

export { markEntry, markOf } from './log/mark-entry.ts';
export {
  decodeNodeMetadata,
  encodeNodeMetadata,
  type NodeMetadata,
} from './members/node-metadata.ts';
export { decodeFrame, encodeFrame, type Frame } from './messages/message-codec.ts';
export { SERVICES } from './services.ts';
export { epochOf, termOf } from './votes/term.ts';
