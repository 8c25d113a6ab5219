// Decodes and re-encodes foca's own packets, in Shoal and in the Rust crate.
import { ByteWriter, focaCodec } from '@shoal/wire';
import * as bincode from '@shoal/wire/bincode';
import { PacketReader } from '@shoal/wire/internal';
import * as postcard from '@shoal/wire/postcard';
import { measure, median, report } from './measure.mjs';
import { buildRust, focaBench, focaPackets } from './rust-peer.mjs';

const ROUNDS = 5;

if (buildRust()) {
  for (const [name, format] of Object.entries({ postcard, bincode })) compare(name, format);
}

function compare(name, format) {
  const codec = focaCodec({
    format,
    identity: format.struct({ addr: format.socketAddress, bump: format.u64 }),
  });
  const packets = focaPackets(name, 100);
  const reader = new PacketReader(codec);
  const writer = new ByteWriter({ capacity: 1400 });
  let next = 0;
  const codeAgain = () => {
    const header = reader.read(packets[next++ % packets.length]);
    writer.reset();
    codec.writeHeader(writer, header);
    writer.u16be(reader.count);
    for (let i = 0; i < reader.count; i++) codec.writeMember(writer, reader.records[i]);
    return writer.copy();
  };
  for (const packet of packets) {
    if (Buffer.compare(codeAgain(), packet) !== 0)
      throw new Error(`${name}: re-encoding changed the bytes`);
  }

  const ours = [];
  const theirs = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(measure({ codeAgain }).codeAgain);
    const lines = focaBench('--codec', name, '--members', '100', '--millis', '100');
    theirs.push(lines.find((line) => line.bench === 'code').nsPerOp);
  }
  report(`A foca packet with 20 updates in ${name}, ${packets[0].length} bytes`, [
    {
      what: 'decode + encode',
      ours: median(ours),
      against: 'foca 1.0 in Rust',
      theirs: median(theirs),
    },
  ]);
}
