export type { Codec, CodecValue } from './bytes/codec.ts';
export { type Crc32, crc32 } from './bytes/crc32.ts';
export { encodeFrame, MAX_FRAME_LENGTH } from './bytes/frame.ts';
export { FrameDecoder, type FrameDecoderOptions } from './bytes/frame-decoder.ts';
export { ByteReader } from './bytes/reader.ts';
export { ByteWriter, type ByteWriterOptions } from './bytes/writer.ts';
export { type DescribePacketOptions, describePacket } from './describe/describe-packet.ts';
export {
  type DescribedField,
  formatDescription,
  type PacketDescription,
  type PacketFamily,
} from './describe/description.ts';
export { WireError, type WireErrorCode } from './errors.ts';
export type { SerdeFormat } from './formats/serde-format.ts';
export type { NodeIdentity } from './shoal/node-identity.ts';
export { type ShoalCodecOptions, shoalCodec } from './shoal/shoal-codec.ts';
export type { ShoalStreamEntry, ShoalStreamMessage } from './shoal/shoal-stream.ts';
export {
  decodeShoalStream,
  encodeShoalStream,
  type ShoalStreamOptions,
} from './shoal/stream-codec.ts';
export { encodeEntries } from './shoal/stream-entries.ts';
export { type FocaCodecOptions, focaCodec } from './swim/foca-codec.ts';
export type { Header, Member, MemberState, Message, MessageType } from './swim/message.ts';
export { decodePacket, encodePacket, type Packet, type PacketOptions } from './swim/packet.ts';
export type { SwimCodec } from './swim/swim-codec.ts';
export {
  decodeRestoreRequest,
  encodeRestoreFile,
  encodeRestoreFileCount,
  encodeRestoreRequest,
  encodeRestoreTrailer,
  RestoreDecoder,
  type RestorePart,
} from './syncup/restore-format.ts';
export {
  decodeAck,
  decodeStreamFrame,
  decodeStreamReply,
  decodeStreamStart,
  encodeAck,
  encodeStreamFrame,
  encodeStreamReply,
  encodeStreamStart,
  type StreamFrame,
  type StreamFrameOptions,
  type StreamReply,
} from './syncup/stream-frame.ts';
export { type DecodeSyncupOptions, decodeSyncup, encodeSyncup } from './syncup/syncup-codec.ts';
export type { SyncupEntry, SyncupMessage } from './syncup/syncup-message.ts';
