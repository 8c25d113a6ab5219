import type { Codec } from '../bytes/codec.ts';
import { smallCrc32 } from '../bytes/crc32.ts';
import type { ByteReader } from '../bytes/reader.ts';
import { encodeUtf8 } from '../bytes/text.ts';
import { readVarint32, writeVarint32 } from '../bytes/varint.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import { interned } from '../swim/interned.ts';
import { MEMBER_STATES, MESSAGE_TYPES, type Message, stateNumber } from '../swim/message.ts';
import type { SwimCodec } from '../swim/swim-codec.ts';
import {
  type NodeIdentity,
  nodeIdentity,
  nodeReference,
  readAddress,
  writeAddress,
} from './node-identity.ts';

// docs/wire-protocol.md specifies the bytes. A test runs its examples.

/** The first byte of every datagram of Shoal's own protocol. */
export const SHOAL_MAGIC = 0xa5;
/** The version of the datagram protocol that this package implements. */
export const SHOAL_VERSION = 1;

/**
 * The shortest announce, in bytes. The answer to a stranger has at most three times as many bytes,
 * and must hold any identity.
 */
export const ANNOUNCE_SIZE = 240;

const STATE_MASK = 0b0011;
const LEFT = 0b0100;
const HAS_SUSPECTOR = 0b1000;

/** Options of {@link shoalCodec}. */
export interface ShoalCodecOptions<Id> {
  /** The label of the cluster. Packets with the tag of another label are refused. */
  readonly label: string;
  /** The codec of a whole identity, including its metadata. */
  readonly identity: Codec<Id>;
  /**
   * The codec of the part of an identity that says who it is, for `dst`, `target` and `origin`.
   * Default: `identity`.
   */
  readonly reference?: Codec<Id> | undefined;
}

/**
 * The tag of a cluster's label: the CRC-32 of its UTF-8 bytes. It keeps out packets that another
 * cluster sends by mistake, and does not replace encryption. Throws a `WireError` with code `utf8` for
 * a lone surrogate.
 */
export function labelTag(label: string): number {
  return smallCrc32(encodeUtf8(label));
}

/**
 * The packets of Shoal's own protocol, which carry what Lifeguard needs: nacks, who suspected a member
 * first, and who left. Without an `identity`, members are {@link NodeIdentity}s.
 *
 * Decoding throws a `WireError` with code `magic` for bytes that are not such a packet, `version` for
 * another version, `label` for a packet of another cluster, and the codes of its fields.
 */
export function shoalCodec(options: { readonly label: string }): SwimCodec<NodeIdentity>;
export function shoalCodec<Id>(options: ShoalCodecOptions<Id>): SwimCodec<Id>;
export function shoalCodec(
  options: { readonly label: string } & Partial<ShoalCodecOptions<NodeIdentity>>,
): SwimCodec<NodeIdentity> {
  const identity = options.identity ?? nodeIdentity;
  const reference = options.reference ?? (options.identity ? identity : nodeReference);
  return makeCodec(labelTag(options.label), interned(identity), interned(reference));
}

function makeCodec<Id>(tag: number, identity: Codec<Id>, reference: Codec<Id>): SwimCodec<Id> {
  const writeMessage = (writer: ByteWriter, message: Message<Id>): void => {
    writer.u8(MESSAGE_TYPES.indexOf(message.type));
    if (!('probeNumber' in message)) return;
    writer.u32be(message.probeNumber);
    if ('target' in message) reference.encode(writer, message.target);
    else if ('origin' in message) reference.encode(writer, message.origin);
  };
  const readMessage = (reader: ByteReader): Message<Id> => {
    const at = reader.offset;
    const type = MESSAGE_TYPES[reader.u8()];
    switch (type) {
      case undefined:
        return reader.fail('variant', 'a message of 0..11', at);
      case 'ping':
      case 'ack':
        return { type, probeNumber: reader.u32be() };
      case 'pingReq':
      case 'indirectAck':
      case 'nack':
        return { type, probeNumber: reader.u32be(), target: reference.decode(reader) };
      case 'indirectPing':
      case 'forwardedAck':
        return { type, probeNumber: reader.u32be(), origin: reference.decode(reader) };
      default:
        return { type };
    }
  };

  return {
    name: 'shoal',
    maxIncarnation: 0xffff_ffff,
    maxProbeNumber: 0xffff_ffff,
    lifeguard: true,

    writeHeader(writer, header) {
      const start = writer.offset;
      writer.u8(SHOAL_MAGIC);
      writer.u8(SHOAL_VERSION);
      writer.u32be(tag);
      identity.encode(writer, header.src);
      writeIncarnation(writer, header.srcIncarnation);
      reference.encode(writer, header.dst);
      writeMessage(writer, header.message);
      if (header.message.type === 'announce') writePadding(writer, start + ANNOUNCE_SIZE);
    },
    readHeader(reader) {
      readPreamble(reader, tag);
      const src = identity.decode(reader);
      const srcIncarnation = readVarint32(reader, 0xffff_ffff);
      const dst = reference.decode(reader);
      const message = readMessage(reader);
      if (message.type === 'announce') readPadding(reader);
      return { src, srcIncarnation, dst, message };
    },
    writeMember(writer, member) {
      const { state, suspector } = member;
      const named = state === 'suspect' && suspector !== undefined;
      const left = state === 'down' && member.left === true;
      writer.u8(stateNumber(state) | (left ? LEFT : 0) | (named ? HAS_SUSPECTOR : 0));
      identity.encode(writer, member.id);
      writeIncarnation(writer, member.incarnation);
      if (named) writeAddress(writer, suspector);
    },
    readMember(reader, into) {
      const at = reader.offset;
      const flags = reader.u8();
      const state = MEMBER_STATES[flags & STATE_MASK];
      const allowed =
        STATE_MASK | (state === 'down' ? LEFT : state === 'suspect' ? HAS_SUSPECTOR : 0);
      if (state === undefined || (flags & ~allowed) !== 0) {
        return reader.fail('variant', 'a state of 0..2 and its flags', at);
      }
      const id = identity.decode(reader);
      const incarnation = readVarint32(reader, 0xffff_ffff);
      const suspector = (flags & HAS_SUSPECTOR) !== 0 ? readAddress(reader) : undefined;
      const left = (flags & LEFT) !== 0;
      if (into === undefined) return { id, incarnation, state, suspector, left };
      // Inline in each codec: a shared function makes reading a packet 10 % slower.
      into.id = id;
      into.incarnation = incarnation;
      into.state = state;
      into.suspector = suspector;
      into.left = left;
      return into;
    },
  };
}

/** Writes zeros up to `end`, or up to the longest packet that the writer holds. */
function writePadding(writer: ByteWriter, end: number): void {
  const most = Math.min(end, writer.bytes.length);
  while (writer.offset < most) writer.u8(0);
}

/** Reads zeros to the end of the packet. */
function readPadding(reader: ByteReader): void {
  while (reader.offset < reader.end) {
    if (reader.u8() !== 0) reader.fail('trailing', 'zeros to the end', reader.offset - 1);
  }
}

function readPreamble(reader: ByteReader, tag: number): void {
  if (reader.u8() !== SHOAL_MAGIC) reader.fail('magic', 'the byte 0xa5', 0);
  if (reader.u8() !== SHOAL_VERSION) reader.fail('version', `version ${SHOAL_VERSION}`, 1);
  if (reader.u32be() !== tag) reader.fail('label', "this cluster's tag", 2);
}

function writeIncarnation(writer: ByteWriter, value: number): void {
  if (value !== value >>> 0) writer.fail('range', `an incarnation of 0..2^32-1, not ${value}`);
  writeVarint32(writer, value);
}
