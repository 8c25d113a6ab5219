// The CPU cost of a datagram with 20 updates, from the send call to the state of the receiving
// member, compared with bare node:dgram and the same bytes. Sender and receiver share this process
// in both cases, and the two cases alternate.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { nodeTraits, Swim, simple } from '@shoal/membership';
import { createUdpTransport } from '@shoal/transport-node';
import { encodePacket, shoalCodec } from '@shoal/wire';
import { median } from './measure.mjs';

const MEMBERS = 1000;
const UPDATES = 20;
/** Datagrams per run, and at most in flight: loopback drops what overflows the receive buffer. */
const COUNT = 32_000;
const WINDOW = 64;
const RUNS = 7;
const GOAL = 2.5;

const codec = shoalCodec({ label: 'bench' });
const id = (n) => ({
  address: `10.0.${n >> 8}.${n & 255}:7946`,
  generation: 1,
  metadata: new Uint8Array(0),
});
const self = { ...id(0), address: '127.0.0.1:7946' };
const alive = (n) => ({ id: id(1 + (n % MEMBERS)), incarnation: 0, state: 'alive' });

/** Gossip packets whose updates the receiver knows already. */
const packets = Array.from({ length: 64 }, (_, k) =>
  encodePacket(codec, {
    header: {
      src: id(1 + k),
      srcIncarnation: 0,
      dst: self,
      message: { type: 'gossip' },
    },
    members: Array.from({ length: UPDATES }, (_, n) => alive(k * UPDATES + n)),
    broadcasts: [],
  }),
);

/** Sends `COUNT` datagrams in windows. Returns the microseconds of CPU that each took. */
async function run(send, receive) {
  let received = 0;
  let goal = 0;
  let done = () => {};
  receive(() => {
    if (++received === goal) done();
  });
  const start = process.cpuUsage();
  while (goal < COUNT) {
    await new Promise((resolve) => {
      done = resolve;
      const from = goal;
      goal += WINDOW;
      for (let i = from; i < goal; i++) send(packets[i % packets.length]);
    });
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / COUNT;
}

async function shoal() {
  const from = await createUdpTransport({ bind: '127.0.0.1:0' });
  const to = await createUdpTransport({ bind: '127.0.0.1:0' });
  const swim = new Swim({
    identity: self,
    traits: nodeTraits,
    codec,
    config: simple(),
    random: Math.random,
  });
  const members = Array.from({ length: MEMBERS }, (_, n) => alive(n));
  swim.applyMany(members, 0, { broadcast: false });
  const drain = () => {
    for (let output = swim.poll(); output; output = swim.poll()) {
      if (output.type === 'rejected') throw output.error;
    }
  };
  drain();
  return {
    run: () =>
      run(
        (bytes) => from.send(to.localAddress, bytes),
        (tell) =>
          to.receive((_from, bytes) => {
            swim.receive(bytes, 0);
            drain();
            tell();
          }),
      ),
    close: () => Promise.all([from.close(), to.close()]),
  };
}

async function bare() {
  const [from, to] = [createSocket('udp4'), createSocket('udp4')];
  for (const socket of [from, to]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  const { port } = to.address();
  return {
    run: () =>
      run(
        (bytes) => from.send(bytes, port, '127.0.0.1'),
        (tell) => to.removeAllListeners('message').on('message', tell),
      ),
    close: () => {
      from.close();
      to.close();
    },
  };
}

const contestants = [await shoal(), await bare()];
const times = [[], []];
for (let i = -1; i < RUNS; i++) {
  for (const k of i % 2 === 0 ? [0, 1] : [1, 0]) {
    const time = await contestants[k].run();
    if (i >= 0) times[k].push(time);
  }
}
for (const one of contestants) await one.close();
const [ours, theirs] = times.map(median);
const ratio = ours / theirs;
console.log(
  `\nA datagram of ${packets[0].length} B: send, receive, decode and apply ${UPDATES} updates`,
);
console.log(
  `  shoal ${ours.toFixed(1)} us of CPU, bare node:dgram ${theirs.toFixed(1)} us: ` +
    `${ratio.toFixed(2)}x, goal <= ${GOAL}x: ${ratio <= GOAL ? 'holds' : 'MISSED'}`,
);
