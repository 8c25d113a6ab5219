// The CPU cost of an idle cluster of 64 members in one process, after all joined at once with the
// LAN defaults. Baselines: the bare datagrams, a ping and an ack per member and second, and an npm
// package at the same pace. Each runs in its own process, and all are measured over the same
// intervals.
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { lan } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import { median } from './measure.mjs';
import { installSwimNg, swimNg } from './swim-ng-peer.mjs';

const SIZE = 64;
const SPANS = 5;
const SPAN = 3000;
/** Percent of one core. */
const GOAL = 5;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Starts members that join at once. Returns how long they took to find each other, and problems.
 */
async function shoal(streams) {
  const tcp = createTcpTransport();
  const transports = [];
  for (let i = 0; i < SIZE; i++) transports.push(await createUdpTransport({ bind: '127.0.0.1:0' }));
  const seeds = transports.slice(0, 3).map((one) => one.localAddress);
  const listeners = new Map();
  const members = [];
  let suspicions = 0;
  const start = performance.now();
  for (const transport of transports) {
    const listen = streams ? await tcp.listen('127.0.0.1:0') : undefined;
    listeners.set(transport.localAddress, listen?.address);
    const address = (id) => listeners.get(id.address);
    const more = streams ? { streams: { transport: tcp, listen, address } } : {};
    const member = startMembership({ transport, seeds, config: lan(), ...more });
    member.on('memberSuspected', () => suspicions++);
    members.push(member);
  }
  while (members.some((one) => one.stats().active !== SIZE - 1)) await sleep(50);
  const joined = performance.now() - start;
  while (members.some((one) => one.stats().queuedUpdates > 0)) await sleep(50);
  return { joined, suspicions: () => suspicions };
}

/** The datagrams of a cluster at rest, of the same sizes and at the same pace. */
async function bare() {
  const ping = new Uint8Array(52);
  const sockets = [];
  for (let i = 0; i < SIZE; i++) {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.on('message', (bytes, from) => {
      if (bytes[0] === 0) socket.send(Uint8Array.from(bytes).fill(1), from.port, from.address);
    });
    sockets.push(socket);
  }
  for (const [i, socket] of sockets.entries()) {
    let next = i;
    setTimeout(
      () => {
        setInterval(() => {
          next = (next + 1) % SIZE;
          socket.send(ping.slice(), sockets[next].address().port, '127.0.0.1');
        }, lan().probePeriod);
      },
      (lan().probePeriod * i) / SIZE,
    );
  }
  return { joined: 0, suspicions: () => 0 };
}

const PEER = 'npm swim-ng';
const CONTESTANTS = {
  bare,
  [PEER]: () => swimNg(SIZE, lan().probePeriod),
  shoal: () => shoal(false),
  'shoal, with streams': () => shoal(true),
};

/** Runs in a child process. Answers every message of the parent with its CPU usage. */
async function contestant(name) {
  const { joined, known, suspicions } = await CONTESTANTS[name]();
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send({ cpu: (user + system) / 1000, suspicions: suspicions() });
  });
  process.on('disconnect', () => process.exit());
  process.send({ joined, known });
}

async function compare() {
  const children = [];
  const missing = installSwimNg();
  for (const name of Object.keys(CONTESTANTS)) {
    if (name === PEER && missing !== undefined) continue;
    const child = fork(fileURLToPath(import.meta.url), [name]);
    const [{ joined, known }] = await once(child, 'message');
    children.push({ name, child, joined, known, shares: [], suspicions: 0 });
  }
  const ask = async (one) => {
    one.child.send('');
    const [{ cpu, suspicions }] = await once(one.child, 'message');
    one.suspicions = suspicions;
    return { cpu, at: performance.now() };
  };
  // Time spent compiling does not count as rest.
  await sleep(SPAN);
  let before = await Promise.all(children.map(ask));
  for (let span = 0; span < SPANS; span++) {
    await sleep(SPAN);
    const after = await Promise.all(children.map(ask));
    for (const [i, one] of children.entries()) {
      const share = (after[i].cpu - before[i].cpu) / (after[i].at - before[i].at);
      one.shares.push(share * 100);
    }
    before = after;
  }
  for (const { child } of children) child.disconnect();
  const shareOf = (name) => {
    const found = children.find((one) => one.name === name);
    return found && median(found.shares);
  };
  const [limit, peer] = [shareOf('bare'), shareOf(PEER)];
  console.log(`\n${SIZE} members in one process, LAN defaults, at rest`);
  for (const { name, joined, known, shares, suspicions } of children) {
    const share = median(shares);
    const details = [`${share.toFixed(2)} % of one core`];
    if (name !== 'bare') {
      details.push(`${(share / limit).toFixed(1)}x bare`);
      if (peer !== undefined && name !== PEER)
        details.push(`${(share / peer).toFixed(2)}x ${PEER}`);
      const seconds = `${(joined / 1000).toFixed(1)} s`;
      details.push(
        joined === undefined ? `not all joined: ${known} known` : `joined in ${seconds}`,
      );
      details.push(`${suspicions} suspicions`);
    }
    if (name.startsWith('shoal')) {
      const held = share < GOAL && suspicions === 0 ? 'holds' : 'MISSED';
      details.push(`goal < ${GOAL} %: ${held}`);
    }
    console.log(`  ${name.padEnd(20)} ${details.join(', ')}`);
  }
  if (missing !== undefined) console.log(`  ${PEER.padEnd(20)} not available: ${missing}`);
}

const [name] = process.argv.slice(2);
await (name === undefined ? compare() : contestant(name));
