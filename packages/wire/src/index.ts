export type { Codec, CodecValue } from './codec.ts';
export { type Crc32, crc32 } from './crc32.ts';
export { type DescribePacketOptions, describePacket } from './describe-packet.ts';
export {
  type DescribedField,
  formatDescription,
  type PacketDescription,
  type PacketFamily,
} from './description.ts';
export { WireError, type WireErrorCode } from './errors.ts';
export { type FocaCodecOptions, type FocaFormat, focaCodec } from './foca-codec.ts';
export {
  encodeFrame,
  FRAME_HEADER_LENGTH,
  FrameDecoder,
  type FrameDecoderOptions,
  MAX_FRAME_LENGTH,
  writeFrameHeader,
} from './framing.ts';
export { type InternedOptions, interned } from './interned.ts';
export {
  readI64le,
  readU16le,
  readU32le,
  readU64le,
  writeI64le,
  writeU16le,
  writeU32le,
  writeU64le,
} from './little-endian.ts';
export type {
  Header,
  Member,
  MemberRecord,
  MemberState,
  Message,
  MessageType,
  Payload,
} from './message.ts';
export { payloadOf } from './message.ts';
export {
  MAX_ADDRESS_BYTES,
  MAX_GENERATION,
  MAX_METADATA_BYTES,
  type NodeIdentity,
  nodeIdentity,
  nodeReference,
} from './node-identity.ts';
export {
  decodePacket,
  encodePacket,
  type Packet,
  type PacketOptions,
  PacketReader,
} from './packet.ts';
export { ByteReader } from './reader.ts';
export {
  checkRestoreName,
  decodeRestoreRequest,
  encodeRestoreFile,
  encodeRestoreFileCount,
  encodeRestoreRequest,
  encodeRestoreTrailer,
  RESTORE_MAGIC,
  RestoreDecoder,
  type RestorePart,
} from './restore-format.ts';
export {
  labelTag,
  SHOAL_MAGIC,
  SHOAL_VERSION,
  type ShoalCodecOptions,
  shoalCodec,
} from './shoal-codec.ts';
export { decodeShoalStream } from './shoal-stream-decoder.ts';
export {
  encodeEntries,
  encodeShoalStream,
  type ShoalStreamOptions,
  shoalStreamEntrySize,
} from './shoal-stream-encoder.ts';
export {
  GOODBYE,
  SHOAL_FEATURES,
  SHOAL_STREAM_MAGIC,
  SHOAL_STREAM_VERSION,
  type ShoalStreamEntry,
  type ShoalStreamMessage,
} from './shoal-stream-message.ts';
export {
  decodeStateMessage,
  encodeStateMembers,
  encodeStateMessage,
  MAX_STATE_MESSAGE,
  STATE_EXCHANGE_MAGIC,
  STATE_EXCHANGE_VERSION,
  type StateMessage,
} from './state-exchange.ts';
export {
  decodeAck,
  decodeStreamFrame,
  decodeStreamReply,
  decodeStreamStart,
  encodeAck,
  encodeStreamFrame,
  encodeStreamReply,
  encodeStreamStart,
  STREAM_FRAME_HEADER,
  type StreamFrame,
  type StreamFrameOptions,
  type StreamReply,
} from './stream-frame.ts';
export { DEFAULT_MAX_PACKET_SIZE, type SwimCodec } from './swim-codec.ts';
export { type DecodeSyncupOptions, decodeSyncup, encodeSyncup } from './syncup-codec.ts';
export { NULL_VLSN, type SyncupEntry, type SyncupMessage } from './syncup-message.ts';
export { ByteWriter, type ByteWriterOptions, rollback } from './writer.ts';
