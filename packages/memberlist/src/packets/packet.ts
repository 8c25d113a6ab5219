import type { PacketMessage } from '../messages/message.ts';
import { encodeMessage } from '../messages/message-codec.ts';
import type { Seal } from '../seal/seal.ts';
import { type PacketContents, readBody } from './body.ts';
import { encodeCompound } from './compound.ts';
import { compress } from './compression.ts';

/** How to send a packet. */
export interface EncodePacketOptions {
  /** That of the cluster. */
  readonly seal: Seal;
  /** Whether to compress the body, if that makes it shorter. Default false. */
  readonly compress?: boolean | undefined;
  /**
   * Whether to add a checksum. Receivers take packets with and without; memberlist adds one if it
   * knows that the receiver understands version 5 of the protocol. Default false.
   */
  readonly crc?: boolean | undefined;
}

/** How to read a packet. */
export interface DecodePacketOptions {
  /** That of the cluster. */
  readonly seal: Seal;
  /**
   * How many bytes a packet may have after decompression, in all. Default 262,144, which is four
   * times the largest datagram.
   */
  readonly maxLength?: number | undefined;
}

const DEFAULT_MAX_LENGTH = 262_144;

/**
 * One packet with these messages: 1..255, or their bytes, as {@link encodeMessage} returns them. One
 * message is sent bare, several in a compound.
 *
 * Throws a `WireError` with code `capacity` for another number of messages, or for one of more than
 * 65,535 bytes among several, and as {@link encodeMessage} does. It does not limit the size of the
 * packet.
 */
export function encodeMemberlistPacket(
  messages: readonly (PacketMessage | Uint8Array)[],
  options: EncodePacketOptions,
): Uint8Array {
  const parts = messages.map((each) => (each instanceof Uint8Array ? each : encodeMessage(each)));
  const body = parts.length === 1 ? parts[0]! : encodeCompound(parts);
  return options.seal.sealPacket(
    options.compress ? shorter(body, compress(body)) : body,
    options.crc ?? false,
  );
}

/**
 * The messages in a packet: through its label, encryption, checksum, compression and compounds.
 * Bytes are views of the packet where it was not encrypted or compressed.
 *
 * Throws a `WireError` if the packet as a whole cannot be read: with code `label` for that of
 * another cluster, `encryption` if no key decrypts it, `checksum`, or `truncated`. A message in it
 * that cannot be read is among the `errors`, with an offset in the body that holds it: code
 * `truncated`, `variant`, `range`, `utf8` or `length`.
 */
export function decodeMemberlistPacket(
  bytes: Uint8Array,
  options: DecodePacketOptions,
): PacketContents {
  return readBody(options.seal.openPacket(bytes), options.maxLength ?? DEFAULT_MAX_LENGTH);
}

function shorter(body: Uint8Array, compressed: Uint8Array): Uint8Array {
  return compressed.length < body.length ? compressed : body;
}
