import { randomBytes } from 'node:crypto';
import {
  createKeyringTransport,
  createTlsTransport,
  encryptDatagrams,
  KEY_LENGTH,
  Keyring,
} from '../dist/index.js';
import { selfSigned } from './certificate.mjs';
import { compare, heading, report } from './compare.mjs';
import { openings, otherSession, otherTag } from './forged.mjs';
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
// Rates of what arrives: a forged datagram must not cost more than a genuine one.
for (const [what, goal, forge] of [
  ['forged: made-up senders, to genuine', 1, otherSession],
  ['forged: a known sender, to genuine', 0.5, otherTag],
]) {
  const { forged, genuine } = openings(64, 20_000, forge);
  await versus(what, goal, forged, genuine);
}
for (const [size, count, goal] of [
  [64, 1_000_000, 0.5],
  [1024, 500_000, 0.6],
  [65_536, 10_000, 0.8],
]) {
  await versus(`TCP frames of ${size} B`, goal, ourTcp(size, count), bareTcp(size, count));
}
const tls = createTlsTransport(await selfSigned());
const sealed = createKeyringTransport({ keyring, label: 'bench' });
for (const [size, count] of [
  [64, 500_000],
  [65_536, 5_000],
]) {
  await versus(`${size} B over TLS, to plain`, 0, ourTcp(size, count, tls), ourTcp(size, count));
  await versus(
    `${size} B with a keyring, to plain`,
    0,
    ourTcp(size, count, sealed),
    ourTcp(size, count),
  );
  await versus(
    `${size} B with a keyring, to TLS`,
    0.95,
    ourTcp(size, count, sealed),
    ourTcp(size, count, tls),
  );
}
