import type { Codec } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import type { SerdeFormat } from '../formats/serde-format.ts';
import { interned } from './interned.ts';
import { type Header, MEMBER_STATES, MESSAGE_TYPES, type Message, stateNumber } from './message.ts';
import type { SwimCodec } from './swim-codec.ts';

/** Options of {@link focaCodec}. */
export interface FocaCodecOptions<Id> {
  /** The format of the peers: the namespace of `@shoal/wire/postcard` or `@shoal/wire/bincode`. */
  readonly format: Pick<SerdeFormat, 'u16'>;
  /**
   * The identity type of the peers, made with the same format. Treat its values as frozen: packets
   * with the same bytes share them.
   */
  readonly identity: Codec<Id>;
  /** A name for people. Default `foca`. */
  readonly name?: string | undefined;
}

/**
 * The packets of the Rust crate foca, versions 0.17 to 1.0, byte for byte.
 *
 * Encoding a nack, which foca does not have, throws a `WireError` with code `variant`.
 *
 * ```ts
 * import { focaCodec } from '@shoal/wire';
 * import * as postcard from '@shoal/wire/postcard';
 *
 * const codec = focaCodec({
 *   format: postcard,
 *   identity: postcard.struct({ addr: postcard.socketAddress, bump: postcard.u64 }),
 * });
 * ```
 */
export function focaCodec<Id>(options: FocaCodecOptions<Id>): SwimCodec<Id> {
  const { u16 } = options.format;
  const identity = interned(options.identity);

  // The index of a variant below 128 is one byte in both formats.
  const writeMessage = (writer: ByteWriter, message: Message<Id>): void => {
    if (message.type === 'nack') writer.fail('variant', 'a message that foca has, not nack');
    writer.u8(MESSAGE_TYPES.indexOf(message.type));
    if ('target' in message) identity.encode(writer, message.target);
    else if ('origin' in message) identity.encode(writer, message.origin);
    if ('probeNumber' in message) writer.u8(message.probeNumber);
  };
  const readMessage = (reader: ByteReader): Message<Id> => {
    const type = MESSAGE_TYPES[reader.u8()];
    switch (type) {
      case undefined:
      case 'nack':
        return reader.fail('variant', 'a message of 0..10', reader.offset - 1);
      case 'ping':
      case 'ack':
        return { type, probeNumber: reader.u8() };
      case 'pingReq':
      case 'indirectAck':
        return { type, target: identity.decode(reader), probeNumber: reader.u8() };
      case 'indirectPing':
      case 'forwardedAck':
        return { type, origin: identity.decode(reader), probeNumber: reader.u8() };
      default:
        return { type };
    }
  };

  return {
    name: options.name ?? 'foca',
    maxIncarnation: 0xffff,
    maxProbeNumber: 0xff,
    lifeguard: false,

    writeHeader(writer, header) {
      identity.encode(writer, header.src);
      u16.encode(writer, header.srcIncarnation);
      identity.encode(writer, header.dst);
      writeMessage(writer, header.message);
    },
    readHeader(reader): Header<Id> {
      const src = identity.decode(reader);
      const srcIncarnation = u16.decode(reader);
      const dst = identity.decode(reader);
      return { src, srcIncarnation, dst, message: readMessage(reader) };
    },
    writeMember(writer, member) {
      identity.encode(writer, member.id);
      u16.encode(writer, member.incarnation);
      writer.u8(stateNumber(member.state));
    },
    readMember(reader, into) {
      const id = identity.decode(reader);
      const incarnation = u16.decode(reader);
      const state = MEMBER_STATES[reader.u8()];
      if (state === undefined) return reader.fail('variant', 'a state of 0..2', reader.offset - 1);
      if (into === undefined) return { id, incarnation, state, suspector: undefined, left: false };
      // Inline in each codec: a shared function makes reading a packet 10 % slower.
      into.id = id;
      into.incarnation = incarnation;
      into.state = state;
      into.suspector = undefined;
      into.left = false;
      return into;
    },
  };
}
