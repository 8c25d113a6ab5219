export {
  type DescribeMemberlistOptions,
  describeMemberlistPacket,
  formatMemberlistDescription,
  type MemberlistLayer,
  type MemberlistLayerFamily,
} from './describe/describe-memberlist.ts';
export type * from './messages/message.ts';
export { encodeMessage } from './messages/message-codec.ts';
export type { PacketContents } from './packets/body.ts';
export {
  type DecodePacketOptions,
  decodeMemberlistPacket,
  type EncodePacketOptions,
  encodeMemberlistPacket,
} from './packets/packet.ts';
export type { AesGcm } from './seal/aes-gcm.ts';
export type { CipherOptions, CipherVersion } from './seal/cipher.ts';
export { GossipKeyring } from './seal/gossip-keyring.ts';
export { type EncryptionOptions, Seal, type SealOptions } from './seal/seal.ts';
export {
  type EncodeStreamOptions,
  encodeMemberlistStream,
  type StreamSide,
} from './streams/stream.ts';
export { MemberlistStreamDecoder, type StreamDecoderOptions } from './streams/stream-decoder.ts';
