export type { Codec, CodecValue } from './codec.ts';
export { WireError, type WireErrorCode } from './errors.ts';
export {
  encodeFrame,
  FRAME_HEADER_LENGTH,
  FrameDecoder,
  type FrameDecoderOptions,
  MAX_FRAME_LENGTH,
  writeFrameHeader,
} from './framing.ts';
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
export { ByteReader } from './reader.ts';
export { DEFAULT_MAX_PACKET_SIZE, type SwimCodec } from './swim-codec.ts';
export { NULL_VLSN, type SyncupEntry, type SyncupMessage } from './syncup-message.ts';
export { ByteWriter, type ByteWriterOptions } from './writer.ts';
