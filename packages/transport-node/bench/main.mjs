import { randomBytes } from 'node:crypto';
import { encryptDatagrams, KEY_LENGTH, Keyring } from '../dist/index.js';
import { compare, heading, report } from './compare.mjs';
import { bareTcp, ourTcp } from './tcp.mjs';
import { bareEncryptedUdp, bareUdp, ourUdp } from './udp.mjs';

async function versus(what, goal, ours, bare) {
  const a = await ours;
  const b = await bare;
  report(what, await compare(a.run, b.run), goal);
  await Promise.all([a.close(), b.close()]);
}

heading();
const keyring = new Keyring(randomBytes(KEY_LENGTH));
const encrypt = (transport) => encryptDatagrams(transport, { keyring, label: 'bench' });
for (const size of [64, 1400]) {
  const count = 51_200;
  await versus(`UDP datagrams of ${size} B`, 0.8, ourUdp(size, count), bareUdp(size, count));
}
await versus(
  'UDP of 1400 B, encrypted, to plain',
  0.4,
  ourUdp(1400, 25_600, encrypt),
  ourUdp(1400, 25_600),
);
await versus(
  'the same, to bare node:crypto',
  0.8,
  ourUdp(1400, 25_600, encrypt),
  bareEncryptedUdp(1400, 25_600),
);
for (const [size, count, goal] of [
  [64, 1_000_000, 0.5],
  [1024, 500_000, 0.6],
  [65_536, 10_000, 0.8],
]) {
  await versus(`TCP frames of ${size} B`, goal, ourTcp(size, count), bareTcp(size, count));
}
