import type { Codec } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import type { SerdeFormat } from '../formats/serde-format.ts';
import { interned } from './interned.ts';
import { fillRecord, type Header, type MemberState, type Message } from './message.ts';
import type { SwimCodec } from './swim-codec.ts';

/** What {@link focaCodec} is made of. */
export interface FocaCodecOptions<Id> {
  /** The namespace of `@shoal/wire/postcard` or `@shoal/wire/bincode`, as the peers use. */
  readonly format: Pick<SerdeFormat, 'u16'>;
  /**
   * The peers' identity type, written with the combinators of the same format. Treat its values
   * as frozen: packets that hold the same bytes share them.
   */
  readonly identity: Codec<Id>;
  /** A name for humans. Default `foca`. */
  readonly name?: string;
}

/** Source: the order of the variants of foca's `State`. */
const STATES: readonly MemberState[] = ['alive', 'suspect', 'down'];

/**
 * The packets of the Rust crate foca, versions 0.17 to 1.0, byte for byte.
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

  // Enum variants below 128 are one byte in both formats.
  const writeMessage = (writer: ByteWriter, message: Message<Id>): void => {
    switch (message.type) {
      case 'ping':
        writer.u8(0);
        return writer.u8(message.probeNumber);
      case 'ack':
        writer.u8(1);
        return writer.u8(message.probeNumber);
      case 'pingReq':
        return writeIndirect(writer, 2, message.target, message.probeNumber);
      case 'indirectPing':
        return writeIndirect(writer, 3, message.origin, message.probeNumber);
      case 'indirectAck':
        return writeIndirect(writer, 4, message.target, message.probeNumber);
      case 'forwardedAck':
        return writeIndirect(writer, 5, message.origin, message.probeNumber);
      case 'announce':
        return writer.u8(6);
      case 'feed':
        return writer.u8(7);
      case 'gossip':
        return writer.u8(8);
      case 'broadcast':
        return writer.u8(9);
      case 'turnUndead':
        return writer.u8(10);
      default:
        return writer.fail('variant', `a message that foca knows, not ${message.type}`);
    }
  };
  const writeIndirect = (writer: ByteWriter, index: number, id: Id, probeNumber: number): void => {
    writer.u8(index);
    identity.encode(writer, id);
    writer.u8(probeNumber);
  };

  const readMessage = (reader: ByteReader): Message<Id> => {
    const at = reader.offset;
    const index = reader.u8();
    switch (index) {
      case 0:
        return { type: 'ping', probeNumber: reader.u8() };
      case 1:
        return { type: 'ack', probeNumber: reader.u8() };
      case 2:
        return { type: 'pingReq', target: identity.decode(reader), probeNumber: reader.u8() };
      case 3:
        return { type: 'indirectPing', origin: identity.decode(reader), probeNumber: reader.u8() };
      case 4:
        return { type: 'indirectAck', target: identity.decode(reader), probeNumber: reader.u8() };
      case 5:
        return { type: 'forwardedAck', origin: identity.decode(reader), probeNumber: reader.u8() };
      case 6:
        return { type: 'announce' };
      case 7:
        return { type: 'feed' };
      case 8:
        return { type: 'gossip' };
      case 9:
        return { type: 'broadcast' };
      case 10:
        return { type: 'turnUndead' };
      default:
        return reader.fail('variant', 'a message of 0..10', at);
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
      writer.u8(member.state === 'alive' ? 0 : member.state === 'suspect' ? 1 : 2);
    },
    readMember(reader, into) {
      const id = identity.decode(reader);
      const incarnation = u16.decode(reader);
      const state = STATES[reader.u8()];
      if (state === undefined) return reader.fail('variant', 'a state of 0..2', reader.offset - 1);
      return fillRecord(into, id, incarnation, state, undefined, false);
    },
  };
}
