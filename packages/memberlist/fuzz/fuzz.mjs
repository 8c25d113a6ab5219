// Decodes millions of mutated packets, streams and messages of memberlist and Serf. Whatever the bytes,
// a decoder must return a value that can be sent, and read again as the same, or throw a WireError.
//
//   node fuzz/fuzz.mjs [--runs N] [--seed S]
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as memberlist from '@shoal/memberlist';
import * as serf from '@shoal/memberlist/serf';
import { WireError } from '@shoal/wire';
import { mulberry32, mutator } from '../../../scripts/mutations.mjs';

const { values: args } = parseArgs({
  options: { runs: { type: 'string', default: '1000000' }, seed: { type: 'string' } },
});
const runs = Number(args.runs);
const seed =
  Number(args.seed ?? process.env.SHOAL_SEED ?? Math.floor(Math.random() * 2 ** 32)) >>> 0;
const random = mulberry32(seed);
const mutate = mutator(random, 65_536);
// Millions of errors are expected here, and their stacks would only cost time.
Error.stackTraceLimit = 0;

/** How many bytes may be decompressed: more would only cost time. */
const MAX_LENGTH = 20_000;
const seal = new memberlist.Seal();
const key = new Uint8Array(16).fill(1);
const encryption = {
  keyring: new memberlist.GossipKeyring(key),
  aesGcm: {
    encrypt: (key, nonce, plain, associated) => {
      const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(associated);
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt: (key, nonce, sealed, associated) => {
      const decipher = createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: 16 });
      decipher.setAAD(associated).setAuthTag(sealed.subarray(-16));
      const plain = decipher.update(sealed.subarray(0, -16));
      try {
        decipher.final();
        return plain;
      } catch {
        return undefined;
      }
    },
  },
  random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
};
const secret = new memberlist.Seal({ encryption });

/** The decoder of each target and, if it returns a message, the encoder. */
const targets = {
  packet: { decode: (bytes) => packet(bytes, seal) },
  encrypted: { decode: (bytes) => packet(secret.sealPacket(bytes, random() < 0.5), secret) },
  damaged: { decode: (bytes) => packet(bytes, secret) },
  stream: {
    decode: stream,
    encode: (message) => memberlist.encodeMemberlistStream(message, { seal, from: 'acceptor' }),
  },
  serf: { decode: serf.decodeSerfMessage, encode: serf.encodeSerfMessage },
  tags: { decode: serf.decodeSerfTags, encode: serf.encodeSerfTags },
  coordinate: { decode: serf.decodeSerfCoordinate, encode: serf.encodeSerfCoordinate },
  filter: { decode: serf.decodeSerfFilter, encode: serf.encodeSerfFilter },
  describe: { decode: describe },
};

/** The inputs by target, so that all targets get equally many. */
const corpus = Object.fromEntries(Object.keys(targets).map((name) => [name, []]));
for (const { target, bytes } of [...vectors(), ...files()]) corpus[target].push(bytes);
const names = Object.keys(corpus);
const outcomes = new Map();
const started = performance.now();
for (let run = 0; run < runs; run++) {
  const target = names[Math.floor(random() * names.length)];
  const inputs = corpus[target];
  const input = mutate(inputs[Math.floor(random() * inputs.length)]);
  const key = `${target} ${attempt(target, input, run)}`;
  outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
}

const seconds = (performance.now() - started) / 1000;
const size = names.reduce((sum, name) => sum + corpus[name].length, 0);
console.log(
  `${runs} mutated inputs from a corpus of ${size}, seed ${seed}, ${seconds.toFixed(1)} s`,
);
for (const [key, count] of [...outcomes].sort())
  console.log(`  ${String(count).padStart(9)}  ${key}`);
for (const name of names.filter((each) => each !== 'damaged')) {
  if (!outcomes.has(`${name} read`)) fail('no input was accepted', name);
}
if (![...outcomes.keys()].some((key) => key.endsWith(' truncated'))) fail('no input was refused');

function attempt(name, input, run) {
  const { decode, encode } = targets[name];
  let value;
  try {
    value = decode(input);
  } catch (error) {
    if (!(error instanceof WireError)) fail(`threw ${error}`, name, input, run);
    return error.code;
  }
  if (value && encode) {
    const bytes = encode(value);
    const again = encode(decode(bytes));
    if (Buffer.compare(bytes, again) !== 0) fail('does not round-trip', name, input, run);
  }
  return 'read';
}

function fail(why, name = '', input = new Uint8Array(0), run = runs) {
  console.error(`FAILED: ${name} ${why}\n  input ${Buffer.from(input).toString('hex')}`);
  console.error(`  replay: node fuzz/fuzz.mjs --seed ${seed} --runs ${run + 1}`);
  process.exit(1);
}

/** Reads a packet, and sends each of its messages again. Throws the first error in it. */
function packet(bytes, around) {
  const options = { seal: around, maxLength: MAX_LENGTH };
  const { messages, errors } = memberlist.decodeMemberlistPacket(bytes, options);
  for (const message of messages) {
    const once = memberlist.encodeMessage(message);
    const [read] = memberlist.decodeMemberlistPacket(once, { seal }).messages;
    if (Buffer.compare(once, memberlist.encodeMessage(read)) !== 0) {
      throw new Error(`${message.type} does not round-trip`);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** Reads a stream in pieces. Returns nothing if it is incomplete. */
function stream(bytes) {
  const decoder = new memberlist.MemberlistStreamDecoder({
    seal,
    from: 'acceptor',
    maxLength: MAX_LENGTH,
  });
  let message;
  for (let at = 0; at < bytes.length && !message; ) {
    const length = 1 + Math.floor(random() * 400);
    message = decoder.push(bytes.subarray(at, at + length));
    at += length;
  }
  decoder.finish();
  return message;
}

function describe(bytes) {
  for (const stream of [false, true]) {
    for (const options of [{}, { encryption }]) {
      const layers = memberlist.describeMemberlistPacket(bytes, { stream, ...options });
      memberlist.formatMemberlistDescription(layers);
    }
  }
}

/** What real members sent. */
function* vectors() {
  for (const release of ['0.7.0', '0.3.1']) {
    const url = new URL(`../vectors/memberlist-${release}.jsonl`, import.meta.url);
    for (const line of readFileSync(url, 'utf8').trimEnd().split('\n')) {
      const { kind, scenario, keys, label, hex, reply } = JSON.parse(line);
      const sides = [hex, reply].filter((each) => each).map(bytesOf);
      if (scenario === 'encrypt128' && kind === 'packet')
        yield { target: 'damaged', bytes: sides[0] };
      if (keys || label) continue;
      for (const bytes of sides) {
        if (bytes.length < 200) yield { target: 'describe', bytes };
        yield { target: kind, bytes };
        if (kind === 'packet') yield { target: 'encrypted', bytes };
        if (scenario === 'serf') yield* insides(kind, bytes);
      }
    }
  }
}

/** What Serf put into the messages of memberlist. */
function* insides(kind, bytes) {
  if (kind === 'stream') {
    const message = stream(bytes);
    if (message.type === 'pushPull') yield { target: 'serf', bytes: message.userState };
    return;
  }
  for (const message of memberlist.decodeMemberlistPacket(bytes, { seal }).messages) {
    if (message.type === 'alive') yield { target: 'tags', bytes: message.meta };
    if (message.type === 'ack') yield { target: 'coordinate', bytes: message.payload };
    if (message.type !== 'user') continue;
    yield { target: 'serf', bytes: message.payload };
    const { filters = [] } = serf.decodeSerfMessage(message.payload);
    for (const filter of filters) yield { target: 'filter', bytes: filter };
  }
}

/** Inputs that were added by hand. A line: target, hex. */
function* files() {
  const folder = new URL('corpus/', import.meta.url);
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(new URL(name, folder), 'utf8').split('\n')) {
      const [target, hex] = line.split(' ');
      if (hex && !target.startsWith('#')) yield { target, bytes: bytesOf(hex) };
    }
  }
}

function bytesOf(hex) {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}
