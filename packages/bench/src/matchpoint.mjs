// The search for the matchpoint: round trips, counted on the pure search, and time over TCP through
// a relay that delays everything. Each log ends in D sync points that the other does not have.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { MatchpointSearch, MemoryLog } from '@shoal/syncup';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { median } from './measure.mjs';
import { printTable } from './table.mjs';

const COMMON = 1000;
const TAILS = [0, 10, 1000, 100_000, 1_000_000];
/** Of a round trip, in ms. */
const LATENCIES = [0, 1, 10, 50];
const ROUNDS = 5;
/** One candidate per round trip is timed on this many, and scales linearly. */
const SAMPLE = 50;
const GOAL_TIMES = 1000;
const WAYS = {
  'one a round trip': { search: 'descending', flight: 1 },
  'gallop and bisect': { search: 'gallop', flight: 1 },
  'flights of 64': { search: 'gallop', flight: 64 },
};
const tcp = createTcpTransport();

async function logOf(tail, name) {
  const log = new MemoryLog();
  const payload = (text) => new TextEncoder().encode(text);
  await log.append(Array.from({ length: COMMON }, () => ({ type: 1, payload: payload('common') })));
  await log.append(Array.from({ length: tail }, () => ({ type: 1, payload: payload(name) })));
  return log;
}

/** How many round trips it takes. */
function roundTrips(replica, feeder, { search: strategy, flight }) {
  const { first, lastSync } = replica.range;
  const search = new MatchpointSearch({ first, lastSync, chained: true, strategy, flight });
  for (let trips = 0; ; ) {
    const { step } = search;
    if (step.type === 'done') return trips;
    if (step.type === 'lookup') {
      search.lookedUp(step.at.map((vlsn) => replica.syncAtOrBefore(vlsn)));
    } else {
      trips++;
      search.answered(
        step.entries.map(({ vlsn }) => ({ type: 'entry', entry: feeder.entry(vlsn) })),
      );
    }
  }
}

/** A TCP relay to an address that delays everything by half of `latency` ms in each direction. */
async function relay(address, latency) {
  if (latency === 0) return { address, close: () => {} };
  const port = Number(address.split(':')[1]);
  const pipe = (from, to) => {
    from.on('data', (chunk) => setTimeout(() => to.write(chunk), latency / 2));
    from.on('end', () => setTimeout(() => to.end(), latency / 2));
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
  };
  const server = createServer({ noDelay: true }, (socket) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
    pipe(socket, upstream);
    pipe(upstream, socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: `127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Milliseconds from the welcome to the plan; both logs stay as they are. */
async function timed(log, address, options) {
  let welcomed = 0;
  const replica = startReplica({
    log,
    dial: async (dialOptions) => {
      const connection = await tcp.dial(address, dialOptions);
      const frames = connection[Symbol.asyncIterator]();
      return new Proxy(connection, {
        get(target, key) {
          if (key === Symbol.asyncIterator) {
            return () => ({
              next: async () => {
                const frame = await frames.next();
                if (welcomed === 0) welcomed = performance.now();
                return frame;
              },
            });
          }
          const value = Reflect.get(target, key);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
    // The plan is rejected, so neither log changes.
    rollback: { enabled: false },
    reconnect: false,
    ...options,
  });
  let found = 0;
  const streaming = new Promise((resolve) => replica.on('streaming', resolve));
  await Promise.race([streaming, replica.finished.catch(() => {})]);
  found = performance.now();
  await replica.close();
  return found - welcomed;
}

const trips = [];
const times = [];
for (const tail of TAILS) {
  const [replica, feeder] = [await logOf(tail, 'replica'), await logOf(tail, 'feeder')];
  const count = (options) => roundTrips(replica, feeder, options);
  const flights = count(WAYS['flights of 64']);
  const goal = tail === 0 ? 1 : 2 + Math.ceil(Math.log(tail) / Math.log(64));
  trips.push([
    tail.toLocaleString('en'),
    ...[...Object.values(WAYS)].map((options) => count(options).toLocaleString('en')),
    `<= ${goal}`,
    flights <= goal ? 'holds' : 'MISSED',
  ]);
  const listener = await tcp.listen('127.0.0.1:0');
  const served = startFeeder({ log: feeder, listener });
  const sampleLogs = [await logOf(SAMPLE, 'replica'), await logOf(SAMPLE, 'feeder')];
  const sampleListener = await tcp.listen('127.0.0.1:0');
  const sample = startFeeder({ log: sampleLogs[1], listener: sampleListener });
  for (const latency of LATENCIES) {
    const way = await relay(listener.address, latency);
    const sampleWay = await relay(sampleListener.address, latency);
    const ours = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await timed(replica, way.address, WAYS['flights of 64']));
    }
    const one = await timed(sampleLogs[0], sampleWay.address, WAYS['one a round trip']);
    const linear = (one / (SAMPLE + 1)) * (tail + 1);
    const ratio = linear / median(ours);
    const judged = tail === 100_000 && (latency === 0 || latency === 10);
    times.push([
      tail.toLocaleString('en'),
      `${latency} ms`,
      `${median(ours).toFixed(1)} ms`,
      linear < 10_000 ? `${linear.toFixed(1)} ms` : `${(linear / 1000).toFixed(0)} s`,
      `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString('en')}x`,
      judged ? `>= ${GOAL_TIMES}x` : 'none',
      judged ? (ratio >= GOAL_TIMES ? 'holds' : 'MISSED') : '',
    ]);
    way.close();
    sampleWay.close();
  }
  await served.close();
  await sample.close();
}
printTable(
  'Round trips to the matchpoint, below a tail of D sync points',
  ['D', ...Object.keys(WAYS), 'goal', ''],
  trips,
);
printTable(
  `Time to the matchpoint over TCP; one a round trip is timed at D = ${SAMPLE} and extrapolated`,
  ['D', 'round trip', 'shoal', 'one a round trip', 'speed', 'goal', ''],
  times,
);
