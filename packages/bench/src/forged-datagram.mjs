// What a forged datagram costs a member, beside a genuine one: a ping, which it opens, decodes and
// answers. The forger has heard the sender, and changes the tag of what it heard: the dearest kind.
import { randomBytes } from 'node:crypto';
import { lan, nodeTraits, Swim } from '@shoal/membership';
import { encryptDatagrams, KEY_LENGTH, Keyring } from '@shoal/transport-node';
import { encodePacket, shoalCodec } from '@shoal/wire';
import { median } from './measure.mjs';
import { printTable, verdict } from './table.mjs';

const COUNT = 20_000;
const ROUNDS = 9;
const codec = shoalCodec({ label: 'bench' });
const keyring = new Keyring(randomBytes(KEY_LENGTH));

const id = (port) => ({
  address: `10.0.0.1:${port}`,
  generation: 1,
  metadata: new Uint8Array(0),
});
const [self, peer] = [id(1), id(2)];

/** A transport in memory: what is sent is passed to `onSend`, and what is fed is received. */
function memoryTransport(onSend) {
  let handler = () => {};
  const transport = {
    localAddress: self.address,
    maxDatagramSize: 1400,
    send: (_to, bytes) => onSend(bytes) ?? true,
    receive: (take) => {
      handler = take;
    },
    close: async () => {},
  };
  const encrypted = encryptDatagrams(transport, { keyring, label: 'bench' });
  return { encrypted, feed: (bytes) => handler(peer.address, bytes) };
}

/** Pings of one sender, sealed. */
const sealed = [];
const sender = memoryTransport((bytes) => void sealed.push(bytes));
function seal(count) {
  sealed.length = 0;
  for (let i = 0; i < count; i++) {
    const message = { type: 'ping', probeNumber: i };
    const header = { src: peer, srcIncarnation: 0, dst: self, message };
    sender.encrypted.send(
      self.address,
      encodePacket(codec, { header, members: [], broadcasts: [] }),
    );
  }
  return [...sealed];
}

/** A member that knows the sender. */
let answers = 0;
const { encrypted, feed } = memoryTransport(() => void answers++);
const swim = new Swim({
  identity: self,
  traits: nodeTraits,
  codec,
  config: lan(),
  random: Math.random,
});
swim.applyMany([{ id: peer, incarnation: 0, state: 'alive' }], 0);
encrypted.receive((_from, bytes) => {
  swim.receive(bytes, 0);
  for (let output = swim.poll(); output !== undefined; output = swim.poll()) {
    if (output.type === 'transmit') encrypted.send(output.to.address, output.bytes);
  }
});

/** Nanoseconds per datagram. */
function take(datagrams) {
  const start = process.hrtime.bigint();
  for (const bytes of datagrams) feed(bytes);
  return Number(process.hrtime.bigint() - start) / datagrams.length;
}

function forge(bytes) {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1] ^= 1;
  return copy;
}

const times = { genuine: [], forged: [] };
for (let round = -1; round < ROUNDS; round++) {
  answers = 0;
  const datagrams = seal(2 * COUNT);
  const genuine = take(datagrams.slice(0, COUNT));
  if (answers < COUNT) throw new Error(`${answers} answers to ${COUNT} pings`);
  const before = encrypted.stats().refused.forged;
  const forged = take(datagrams.slice(COUNT).map(forge));
  if (encrypted.stats().refused.forged - before !== COUNT) throw new Error('a forgery was taken');
  if (round < 0) continue;
  times.genuine.push(genuine);
  times.forged.push(forged);
}
const [genuine, forged] = [median(times.genuine), median(times.forged)];
printTable(
  'A forged datagram at a member',
  ['genuine ping', 'forged', 'ratio', 'goal', ''],
  [[`${genuine.toFixed(0)} ns`, `${forged.toFixed(0)} ns`, ...verdict(genuine / forged, 1)]],
);
