import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { WireError } from '../errors.ts';
import { type Header, type Member, type MemberRecord, payloadOf, toMember } from './message.ts';
import { DEFAULT_MAX_PACKET_SIZE, type SwimCodec } from './swim-codec.ts';

/** A decoded SWIM packet. */
export interface Packet<Id> {
  readonly header: Header<Id>;
  /** Updates, or active members in a feed. Empty if the message cannot carry any. */
  readonly members: readonly Member<Id>[];
  /** Custom broadcasts of 1..65535 bytes. */
  readonly broadcasts: readonly Uint8Array[];
}

/** Options of {@link encodePacket} and {@link decodePacket}. */
export interface PacketOptions {
  /** The largest packet, in bytes. Default 1400. */
  readonly maxPacketSize?: number | undefined;
}

/**
 * Encodes a packet. Like foca, it writes the number of members even if that is 0, wherever the message
 * can carry members and more than two bytes are left.
 *
 * Throws a `WireError` with code `capacity` for a packet larger than `maxPacketSize`, `variant` when
 * the message cannot carry what `packet` has, `length` for an empty broadcast, and the codes of the
 * codec.
 */
export function encodePacket<Id>(
  codec: SwimCodec<Id>,
  packet: Packet<Id>,
  options: PacketOptions = {},
): Uint8Array {
  const { header, members, broadcasts } = packet;
  const capacity = options.maxPacketSize ?? DEFAULT_MAX_PACKET_SIZE;
  const writer = new ByteWriter({ capacity, fixed: true });
  codec.writeHeader(writer, header);

  const allowed = payloadOf(header.message.type);
  if (members.length > 0 && !allowed.members) {
    writer.fail('variant', `no members in a packet of type ${header.message.type}`);
  }
  if (broadcasts.length > 0 && !allowed.broadcasts) {
    writer.fail('variant', `no broadcasts in a packet of type ${header.message.type}`);
  }
  if (allowed.members && (members.length > 0 || capacity - writer.offset > 2)) {
    writer.u16be(members.length);
    for (const member of members) codec.writeMember(writer, member);
  }
  for (const broadcast of broadcasts) {
    if (broadcast.length === 0) writer.fail('length', 'a broadcast of 1..65535 bytes');
    writer.u16be(broadcast.length);
    writer.raw(broadcast);
  }
  return writer.copy();
}

/**
 * Decodes and checks a whole packet.
 *
 * Throws a `WireError` with code `length` for a packet larger than `maxPacketSize`, `trailing` for
 * bytes that the message cannot carry, and the codes of the codec.
 */
export function decodePacket<Id>(
  codec: SwimCodec<Id>,
  bytes: Uint8Array,
  options: PacketOptions = {},
): Packet<Id> {
  const most = options.maxPacketSize ?? DEFAULT_MAX_PACKET_SIZE;
  if (bytes.length > most) throw new WireError('length', most, `at most ${most} bytes`);
  const reader = new PacketReader(codec);
  const header = reader.read(bytes);
  const members = reader.records.slice(0, reader.count).map(toMember);
  return {
    header,
    members,
    broadcasts: reader.broadcasts.map((view) => view.slice()),
  };
}

/** Decodes the header alone, whatever follows. Throws the codes of the codec. */
export function decodeHeader<Id>(codec: SwimCodec<Id>, bytes: Uint8Array): Header<Id> {
  return codec.readHeader(new ByteReader().reset(bytes));
}

/**
 * Reads many packets without an object per update: the records of one packet are reused for the next,
 * so they are valid until the next read. A packet is checked to its last byte before `read` returns.
 * If it throws, the contents of the properties are undefined.
 */
export class PacketReader<Id> {
  /** The members of the packet are the first {@link PacketReader.count} of these. */
  readonly records: MemberRecord<Id>[] = [];
  /** How many members the packet has. */
  count = 0;
  /** The custom broadcasts of the packet, as views of its bytes. */
  readonly broadcasts: Uint8Array[] = [];
  readonly #codec: SwimCodec<Id>;
  readonly #reader: ByteReader = new ByteReader();

  constructor(codec: SwimCodec<Id>) {
    this.#codec = codec;
  }

  /**
   * Reads and checks a packet of any size, and returns its header. Throws a `WireError` with code
   * `trailing` for bytes that the message cannot carry, and the codes of the codec.
   */
  read(bytes: Uint8Array): Header<Id> {
    this.count = 0;
    this.broadcasts.length = 0;
    const reader = this.#reader.reset(bytes);
    const header = this.#codec.readHeader(reader);
    const allowed = payloadOf(header.message.type);
    // A packet may end after its header.
    if (allowed.members && reader.offset < reader.end) this.#readMembers(reader);
    if (allowed.broadcasts) this.#readBroadcasts(reader);
    reader.finish();
    return header;
  }

  #readMembers(reader: ByteReader): void {
    const announced = reader.u16be();
    for (let i = 0; i < announced; i++) {
      if (i < this.records.length) this.#codec.readMember(reader, this.records[i]);
      else this.records.push(this.#codec.readMember(reader));
    }
    this.count = announced;
  }

  #readBroadcasts(reader: ByteReader): void {
    while (reader.offset < reader.end) {
      const length = reader.u16be();
      if (length === 0) reader.fail('length', 'a broadcast of 1..65535 bytes', reader.offset - 2);
      this.broadcasts.push(reader.view(length));
    }
  }
}
