import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import type { Header, Member, MemberRecord } from './message.ts';

/** The largest datagram, in bytes, that Shoal and foca send or take unless told otherwise. */
export const DEFAULT_MAX_PACKET_SIZE = 1400;

/**
 * One wire profile for SWIM packets: foca's or Shoal's own. A membership core is given one
 * and asks it what the wire can carry.
 *
 * Behind the header every profile has the same body: `count:u16 BE`, that many members, then
 * `(length:u16 BE, bytes)` for each custom broadcast, as far as `payloadOf` allows.
 */
export interface SwimCodec<Id> {
  /** A name for humans: `foca+postcard`, `foca+bincode`, `shoal`. */
  readonly name: string;
  /** The largest incarnation that fits: 65,535 for foca, 4,294,967,295 for Shoal. */
  readonly maxIncarnation: number;
  /** The largest probe number that fits: 255 for foca, 4,294,967,295 for Shoal. */
  readonly maxProbeNumber: number;
  /**
   * Whether it carries what Lifeguard needs: `nack` messages, who suspects, and whether a Down
   * member left. When false, encoding a nack throws `variant`, and the others are not sent.
   */
  readonly lifeguard: boolean;

  /** Writes a whole header, with whatever the profile puts before it. */
  writeHeader(writer: ByteWriter, header: Header<Id>): void;
  readHeader(reader: ByteReader): Header<Id>;
  writeMember(writer: ByteWriter, member: Member<Id>): void;
  /** Reads one member into `into`, or into a new record, and returns it. */
  readMember(reader: ByteReader, into?: MemberRecord<Id>): MemberRecord<Id>;
}
