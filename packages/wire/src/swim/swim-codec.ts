import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import type { Header, Member, MemberRecord } from './message.ts';

/** The largest datagram that Shoal and foca send and accept by default, in bytes. */
export const DEFAULT_MAX_PACKET_SIZE = 1400;

/**
 * The codec of the headers and members in SWIM packets, made by `focaCodec` or `shoalCodec`. A
 * membership core takes one, and asks it what packets can carry.
 *
 * The body after the header is the same in every protocol: the number of members as a big-endian
 * u16, the members, then a big-endian u16 length and the bytes of each custom broadcast.
 */
export interface SwimCodec<Id> {
  /** A name for people, such as `foca` or `shoal`. */
  readonly name: string;
  /** The largest incarnation: 65,535 for foca, 4,294,967,295 for Shoal. */
  readonly maxIncarnation: number;
  /** The largest probe number: 255 for foca, 4,294,967,295 for Shoal. */
  readonly maxProbeNumber: number;
  /**
   * True if packets carry what Lifeguard needs: nacks, who suspected a member first, and whether a
   * down member left. If false, encoding a nack throws `variant`, and the other two are not sent.
   */
  readonly lifeguard: boolean;

  /** Writes a header and everything that precedes it in the protocol. */
  writeHeader(writer: ByteWriter, header: Header<Id>): void;
  /** Reads a header, and checks everything that precedes it. */
  readHeader(reader: ByteReader): Header<Id>;
  writeMember(writer: ByteWriter, member: Member<Id>): void;
  /** Reads one member into `into`, or into a new record, and returns it. */
  readMember(reader: ByteReader, into?: MemberRecord<Id>): MemberRecord<Id>;
}
