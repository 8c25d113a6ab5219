// The cost of a packet and of a gossip round for a member that knows N others, in Shoal and in
// Rust.
import { Swim, simple } from '@shoal/membership';
import { focaCodec } from '@shoal/wire';
import * as postcard from '@shoal/wire/postcard';
import { measure, median, report } from './measure.mjs';
import { buildRust, focaBench, focaPackets } from './rust-peer.mjs';

const ROUNDS = 5;
const SIZES = [100, 1_000, 10_000, 100_000];
const GOALS = { 100: 0.3, 1000: 1, 10000: 10, 100000: 50 };
/** How many updates are queued in a gossip round, as in foca-bench. */
const BACKLOG = 100;

const traits = {
  address: (id) => id.addr,
  equals: (a, b) => a.bump === b.bump && a.addr === b.addr,
  wins: (a, b) => a.bump > b.bump,
  renew: (id) => ({ addr: id.addr, bump: id.bump + 1n }),
};
const codec = focaCodec({
  format: postcard,
  identity: postcard.struct({ addr: postcard.socketAddress, bump: postcard.u64 }),
});

/** Member n counts up from 10.0.0.1, as in foca-bench. */
function member(n) {
  const ip = 0x0a000001 + n;
  const bytes = [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255];
  return { addr: `${bytes.join('.')}:7946`, bump: 0n };
}

function cluster(size) {
  const swim = new Swim({
    identity: { addr: '127.0.0.1:7946', bump: 0n },
    traits,
    codec,
    config: simple(),
    random: Math.random,
  });
  const alive = (n) => ({ id: member(n), incarnation: 0, state: 'alive' });
  swim.applyMany(
    Array.from({ length: size }, (_, n) => alive(n)),
    0,
    { broadcast: false },
  );
  drain(swim);
  return swim;
}

function drain(swim) {
  let packets = 0;
  for (let output = swim.poll(); output; output = swim.poll()) {
    if (output.type === 'transmit') packets++;
    if (output.type === 'rejected') throw output.error;
  }
  return packets;
}

/** Nanoseconds for `receive` of packets whose updates are known already. */
function receive(swim, packets) {
  let next = 0;
  return measure({
    receive: () => {
      swim.receive(packets[next++ & (packets.length - 1)], 0);
      return drain(swim);
    },
  }).receive;
}

/** Nanoseconds for a gossip round to three members, out of a backlog of fresh updates. */
function gossip(swim, size, from) {
  const times = [];
  let packets = 0;
  for (let i = 0; i < 400; i++) {
    const fresh = Array.from({ length: Math.min(size, BACKLOG) }, (_, n) => ({
      id: member(n),
      incarnation: from + i,
      state: 'alive',
    }));
    swim.applyMany(fresh, 0);
    drain(swim);
    const start = process.hrtime.bigint();
    for (let round = 0; round < 2; round++) {
      swim.gossip(0);
      packets += drain(swim);
    }
    times.push(Number(process.hrtime.bigint() - start) / 2);
  }
  if (packets !== 400 * 2 * 3) throw new Error(`${packets} packets instead of three per round`);
  return median(times);
}

if (buildRust()) {
  const receiveRows = [];
  const gossipRows = [];
  for (const size of SIZES) {
    const swim = cluster(size);
    const packets = focaPackets('postcard', size);
    const ours = { receive: [], gossip: [] };
    const theirs = { receive: [], gossip: [] };
    // Setting up foca takes seconds with 100,000 members: it finds each one by a scan.
    for (let round = 0; round < (size === 100_000 ? 2 : ROUNDS); round++) {
      ours.receive.push(receive(swim, packets));
      ours.gossip.push(gossip(swim, size, round * 400 + 1));
      const lines = focaBench('--members', String(size), '--millis', '200');
      for (const name of ['receive', 'gossip']) {
        theirs[name].push(lines.find((line) => line.bench === name).nsPerOp);
      }
    }
    const row = (name) => ({
      what: `${name}, ${size.toLocaleString('en')} members`,
      ours: median(ours[name]),
      against: 'foca 1.0 in Rust',
      theirs: median(theirs[name]),
      goal: GOALS[size],
    });
    receiveRows.push(row('receive'));
    gossipRows.push(row('gossip'));
  }
  report('A packet with 20 updates that are known already', receiveRows);
  report(`A gossip round: three packets, filled from a backlog of ${BACKLOG} updates`, gossipRows);
  const growth = receiveRows.at(-1).ours / receiveRows[0].ours;
  console.log(
    `\n  receive from 100 to 100,000 members: ${growth.toFixed(2)} times the cost, ` +
      `goal < 2: ${growth < 2 ? 'holds' : 'MISSED'}`,
  );
}
