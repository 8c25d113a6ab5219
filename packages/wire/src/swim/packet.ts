import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { WireError } from '../errors.ts';
import { type Header, type Member, type MemberRecord, payloadOf, toMember } from './message.ts';
import { DEFAULT_MAX_PACKET_SIZE, type SwimCodec } from './swim-codec.ts';

/** A whole SWIM packet, decoded. */
export interface Packet<Id> {
  readonly header: Header<Id>;
  /** Updates, or for a feed active members. Empty where the packet may not carry any. */
  readonly members: readonly Member<Id>[];
  /** Custom broadcasts, each as its sender queued it. */
  readonly broadcasts: readonly Uint8Array[];
}

/** Limits of {@link encodePacket} and {@link decodePacket}. */
export interface PacketOptions {
  /** The largest packet, in bytes. Default 1400. */
  readonly maxPacketSize?: number;
}

/**
 * One packet's bytes. What foca writes: the count even when it is 0, wherever the message may
 * carry members and more than two bytes are left.
 *
 * Throws a `WireError`: `capacity` when it does not fit into `maxPacketSize`, `variant` when
 * the message may not carry what `packet` holds, and what the codec throws for bad fields.
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
 * Decodes and checks a whole packet. For a codec of many packets use one {@link PacketReader}.
 *
 * Throws a `WireError`: `length` when it is larger than `maxPacketSize`, `trailing` when bytes
 * follow that the message may not carry, and what the codec throws for bad fields.
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

/**
 * Reads one packet after another, and uses the records of one for the next, so that reading
 * makes no object for each update. A packet is checked to its last byte before it is handed
 * out; after a throw the fields hold nothing of use. They are valid until the next read.
 */
export class PacketReader<Id> {
  /** The records that were needed so far. Only the first {@link PacketReader.count} hold this packet's. */
  readonly records: MemberRecord<Id>[] = [];
  /** How many members the packet carries. */
  count = 0;
  /** The packet's custom broadcasts, as views of its bytes. */
  readonly broadcasts: Uint8Array[] = [];
  readonly #codec: SwimCodec<Id>;
  readonly #reader: ByteReader = new ByteReader();

  constructor(codec: SwimCodec<Id>) {
    this.#codec = codec;
  }

  /**
   * Reads and checks one packet of any size, and returns its header. Throws a `WireError`:
   * `trailing` when bytes follow that the message may not carry, and what the codec throws.
   */
  read(bytes: Uint8Array): Header<Id> {
    this.count = 0;
    this.broadcasts.length = 0;
    const reader = this.#reader.reset(bytes);
    const header = this.#codec.readHeader(reader);
    const allowed = payloadOf(header.message.type);
    // A packet may end with its header.
    if (allowed.members && reader.offset < reader.end) this.#readMembers(reader);
    if (allowed.broadcasts) this.#readBroadcasts(reader);
    reader.finish();
    return header;
  }

  #readMembers(reader: ByteReader): void {
    const announced = reader.u16be();
    for (let i = 0; i < announced; i++) {
      this.records[i] = this.#codec.readMember(reader, this.records[i]);
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
