// Encodes and decodes SWIM packets. Baselines: code written for exactly these bytes, and general
// serialization formats.
import { deepStrictEqual } from 'node:assert';
import { ByteWriter, decodePacket, encodePacket, shoalCodec } from '@shoal/wire';
import { labelTag, PacketReader } from '@shoal/wire/internal';
import { Packr } from 'msgpackr';
import protobuf from 'protobufjs';
import * as hand from './hand-written.mjs';
import { measure, report } from './measure.mjs';

const label = 'bench';
const tag = labelTag(label);
const codec = shoalCodec({ label });

const identity = (i) => ({
  address: `10.0.${i >> 8}.${i & 255}:7946`,
  generation: 1_760_000_000_000 + i,
  metadata: new Uint8Array(0),
});

const packetOf = (updates) => ({
  header: {
    src: identity(100),
    srcIncarnation: 3,
    dst: identity(200),
    message: { type: 'ping', probeNumber: 77_777 },
  },
  members: Array.from({ length: updates }, (_, i) => ({
    id: identity(i),
    incarnation: i * 20,
    state: i % 5 === 0 ? 'suspect' : 'alive',
  })),
  broadcasts: [],
});

/** Encodes through one writer, as the membership core does. */
const writer = new ByteWriter({ capacity: 1400 });
function encodeShoal({ header, members }) {
  writer.reset();
  codec.writeHeader(writer, header);
  writer.u16be(members.length);
  for (let i = 0; i < members.length; i++) codec.writeMember(writer, members[i]);
  return writer.copy();
}

const reader = new PacketReader(codec);
function decodeShoal(bytes) {
  reader.read(bytes);
  return reader;
}

const packr = new Packr({ useRecords: false });
const Packet = protobuf
  .parse(`
  syntax = "proto3";
  enum State { alive = 0; suspect = 1; down = 2; }
  message Id { string address = 1; uint64 generation = 2; bytes metadata = 3; }
  message Member { Id id = 1; uint32 incarnation = 2; State state = 3; }
  message Header { Id src = 1; uint32 srcIncarnation = 2; Id dst = 3; uint32 type = 4; uint32 probeNumber = 5; }
  message Packet { Header header = 1; repeated Member members = 2; }
`)
  .root.lookupType('Packet');

function rows(updates, goals) {
  const packet = packetOf(updates);
  const bytes = encodeShoal(packet);
  deepStrictEqual(hand.encode(tag, packet), bytes);
  deepStrictEqual(encodePacket(codec, packet), bytes);
  deepStrictEqual(decodePacket(codec, bytes), packet);
  deepStrictEqual(hand.decode(tag, bytes).members, packet.members);

  const plain = JSON.parse(JSON.stringify(packet, (_, v) => (v instanceof Uint8Array ? [] : v)));
  const text = JSON.stringify(plain);
  const packed = packr.pack(packet);
  const message = Packet.create({
    header: { ...packet.header, type: 0, probeNumber: 77_777 },
    members: packet.members.map((m) => ({ ...m, state: { alive: 0, suspect: 1 }[m.state] })),
  });
  const proto = Packet.encode(message).finish();

  const both = measure({
    shoal: () => decodeShoal(encodeShoal(packet)),
    hand: () => hand.decode(tag, hand.encode(tag, packet)),
    msgpackr: () => packr.unpack(packr.pack(packet)),
    protobufjs: () => Packet.decode(Packet.encode(message).finish()),
    JSON: () => JSON.parse(JSON.stringify(plain)),
  });
  const halves = measure({
    shoalEncode: () => encodeShoal(packet),
    handEncode: () => hand.encode(tag, packet),
    shoalDecode: () => decodeShoal(bytes),
    handDecode: () => hand.decode(tag, bytes),
    shoalDecodeAnew: () => decodePacket(codec, bytes),
  });
  report(
    `A packet with ${updates} updates: ${bytes.length} bytes ` +
      `(msgpackr ${packed.length}, protobuf ${proto.length}, JSON ${text.length})`,
    [
      {
        what: 'encode + decode',
        ours: both.shoal,
        against: 'hand-written',
        theirs: both.hand,
        goal: goals.hand,
      },
      {
        what: '',
        ours: both.shoal,
        against: 'msgpackr',
        theirs: both.msgpackr,
        goal: goals.msgpackr,
      },
      {
        what: '',
        ours: both.shoal,
        against: 'protobufjs',
        theirs: both.protobufjs,
        goal: goals.protobufjs,
      },
      { what: '', ours: both.shoal, against: 'JSON', theirs: both.JSON, goal: goals.JSON },
      {
        what: 'encode',
        ours: halves.shoalEncode,
        against: 'hand-written',
        theirs: halves.handEncode,
        goal: goals.hand,
      },
      {
        what: 'decode',
        ours: halves.shoalDecode,
        against: 'hand-written',
        theirs: halves.handDecode,
        goal: goals.hand,
      },
    ],
  );
  console.log(`  (decodePacket, which makes new objects: ${halves.shoalDecodeAnew.toFixed(0)} ns)`);
}

console.log(
  'Nanoseconds a packet, medians of 7 alternated rounds. Shoal decodes identities that it has seen.',
);
rows(20, { hand: 0.75, msgpackr: 3, protobufjs: 3, JSON: 5 });
rows(0, { hand: 0.6, msgpackr: 3, protobufjs: 3, JSON: 5 });
