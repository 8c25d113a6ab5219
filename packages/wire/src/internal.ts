/**
 * What the other packages of Shoal need from this one. It promises nothing: names and behavior
 * change in any release.
 *
 * @module
 */
export { FRAME_HEADER_LENGTH, writeFrameHeader } from './bytes/frame.ts';
export {
  readU16le,
  readU32le,
  readU48le,
  readU64le,
  writeU16le,
  writeU32le,
  writeU48le,
  writeU64le,
} from './bytes/little-endian.ts';
export { describeAs, FieldReader, hexWord } from './describe/description.ts';
export { GOODBYE } from './shoal/goodbye.ts';
export { MAX_GENERATION } from './shoal/node-identity.ts';
export { labelTag } from './shoal/shoal-codec.ts';
export { SHOAL_FEATURES, SHOAL_STREAM_VERSION } from './shoal/shoal-stream.ts';
export {
  decodeStateMessage,
  encodeStateMembers,
  encodeStateMessage,
  type StateMessage,
} from './shoal/state-exchange.ts';
export { type MemberRecord, payloadOf } from './swim/message.ts';
export { decodeHeader, PacketReader } from './swim/packet.ts';
export { DEFAULT_MAX_PACKET_SIZE } from './swim/swim-codec.ts';
