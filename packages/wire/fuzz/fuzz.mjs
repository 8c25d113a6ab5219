// Decodes millions of mutated packets. Whatever the bytes, a decoder must return a value that encodes
// to the same bytes, or throw a WireError with an offset inside them.
//
//   node fuzz/fuzz.mjs [--runs N] [--seed S]
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as wire from '@shoal/wire';
import * as bincode from '@shoal/wire/bincode';
import * as postcard from '@shoal/wire/postcard';
import { mulberry32, mutator } from '../../../scripts/mutations.mjs';

const { values: args } = parseArgs({
  options: { runs: { type: 'string', default: '10000000' }, seed: { type: 'string' } },
});
const runs = Number(args.runs);
const seed =
  Number(args.seed ?? process.env.SHOAL_SEED ?? Math.floor(Math.random() * 2 ** 32)) >>> 0;
const random = mulberry32(seed);
// Millions of errors are expected here, and their stacks would only cost time.
Error.stackTraceLimit = 0;

const foca = (format) =>
  wire.focaCodec({
    format,
    identity: format.struct({ addr: format.socketAddress, bump: format.u64 }),
  });
const shoal = wire.shoalCodec({ label: 'prod' });

/** The decoder of each target, and the encoder that must produce the same bytes. */
const targets = {
  'foca-postcard': packetTarget(foca(postcard)),
  'foca-bincode': packetTarget(foca(bincode)),
  shoal: packetTarget(shoal),
  'noxu-syncup': { decode: wire.decodeSyncup, encode: wire.encodeSyncup },
  'noxu-stream': { decode: wire.decodeStreamFrame, encode: wire.encodeStreamFrame },
  'noxu-restore': { decode: restore },
  'shoal-stream': { decode: wire.decodeShoalStream, encode: wire.encodeShoalStream },
  describe: { decode: (bytes) => wire.describePacket(bytes) },
  framing: { decode: frames },
};

/** The inputs by target, so that all targets get equally many. */
const corpus = {};
for (const item of [...vectors(), ...files()]) {
  corpus[item.target] ??= [];
  corpus[item.target].push(item);
}
const names = Object.keys(corpus);
const size = names.reduce((sum, name) => sum + corpus[name].length, 0);
const mutate = mutator(random, 4096);
const outcomes = new Map();
const started = performance.now();
for (let run = 0; run < runs; run++) {
  const target = names[Math.floor(random() * names.length)];
  const { bytes } = corpus[target][Math.floor(random() * corpus[target].length)];
  const input = mutate(bytes);
  const outcome = attempt(target, input, run);
  const key = `${target} ${outcome}`;
  outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
}

const seconds = (performance.now() - started) / 1000;
console.log(
  `${runs} mutated packets from a corpus of ${size}, seed ${seed}, ${seconds.toFixed(1)} s`,
);
for (const [key, count] of [...outcomes].sort())
  console.log(`  ${String(count).padStart(9)}  ${key}`);
if (![...outcomes.keys()].some((key) => key.endsWith(' read'))) fail('no input was accepted');
if (![...outcomes.keys()].some((key) => key.endsWith(' truncated'))) fail('no input was refused');

function attempt(name, input, run) {
  const { decode, encode } = targets[name];
  let value;
  try {
    value = decode(input);
  } catch (error) {
    if (!(error instanceof wire.WireError)) fail(`threw ${error}`, name, input, run);
    if (!(error.offset >= 0 && error.offset <= input.length)) {
      fail(`points at byte ${error.offset}`, name, input, run);
    }
    return error.code;
  }
  if (encode) {
    const again = encode(value);
    const same = Buffer.compare(input.subarray(0, again.length), again.subarray(0, input.length));
    // An encoder adds a count of zero to a packet without a body. A hello may be longer than known, and
    // the padding of an announce may have any length.
    const longer = again.length - input.length;
    const open = value.type === 'hello' || value.type === 'welcome';
    const padded = value.header?.message.type === 'announce';
    if (same !== 0 || (longer > 2 && !padded) || (longer < 0 && !open && !padded)) {
      fail('encodes to other bytes', name, input, run);
    }
  }
  return 'read';
}

function fail(why, name = '', input = new Uint8Array(0), run = runs) {
  console.error(`FAILED: ${name} ${why}\n  input ${Buffer.from(input).toString('hex')}`);
  console.error(`  replay: node fuzz/fuzz.mjs --seed ${seed} --runs ${run + 1}`);
  process.exit(1);
}

function packetTarget(codec) {
  return {
    decode: (bytes) => wire.decodePacket(codec, bytes),
    encode: (packet) => wire.encodePacket(codec, packet),
  };
}

function restore(bytes) {
  const decoder = new wire.RestoreDecoder();
  let total = 0;
  for (const part of decoder.push(bytes)) if (part.type === 'data') total += part.bytes.length;
  decoder.finish();
  return total;
}

function frames(bytes) {
  const decoder = new wire.FrameDecoder({ maxLength: 4096 });
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(random() * 40);
    decoder.push(bytes.slice(at, at + size));
    at += size;
    while (decoder.next()) count++;
  }
  decoder.finish();
  return count;
}

/** The golden vectors that the Rust crates wrote: what real peers send. */
function* vectors() {
  const kinds = { packet: 1, message: 1, frame: 1, payload: 1, frames: 1 };
  for (const name of [
    'foca-postcard',
    'foca-bincode',
    'noxu-syncup',
    'noxu-stream',
    'noxu-restore',
    'noxu-framing',
  ]) {
    const file = JSON.parse(
      readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'),
    );
    for (const { kind, hex } of [...file.vectors, ...file.invalid]) {
      if (!kinds[kind] || hex.length > 8000) continue;
      const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
      yield { target: name === 'noxu-framing' ? 'framing' : name, bytes };
      if (hex.length < 200) yield { target: 'describe', bytes };
    }
  }
}

/** Packets that were added by hand: Shoal's own, and those that broke a decoder. A line: target, hex. */
function* files() {
  const folder = new URL('corpus/', import.meta.url);
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(new URL(name, folder), 'utf8').split('\n')) {
      const [target, hex] = line.split(' ');
      if (!hex || target.startsWith('#')) continue;
      if (!targets[target]) throw new Error(`${name}: no target ${target}`);
      yield { target, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) };
    }
  }
}
