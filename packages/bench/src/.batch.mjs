// A log streamed from a feeder to a replica over TCP on loopback, both in this process, beside
// the limit: the same payloads in length-prefixed frames over a bare socket, corked.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { crc32 } from 'node:zlib';
import { MemoryLog } from '@shoal/syncup';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { FrameDecoder } from '@shoal/wire';
import { median, report } from '/tmp/wt/stream/packages/bench/src/measure.mjs';

const ROUNDS = 5;
const CASES = [
  { size: 64, count: 200_000, goal: 0.5 },
  { size: 1024, count: 50_000, goal: 0.6 },
  { size: 65_536, count: 2_000, goal: 0.8 },
];
const COMMIT = 1;
const tcp = createTcpTransport();
// Node 20 before 20.15 has no zlib.crc32; the default of our own is used then.
const checksums = crc32 ? { crc32 } : {};

/** Nanoseconds an entry, over a bare socket. */
async function bare(payload, count) {
  let received = 0;
  let finished;
  const done = new Promise((resolve) => {
    finished = resolve;
  });
  const server = createServer((socket) => {
    const decoder = new FrameDecoder();
    socket.on('data', (chunk) => {
      decoder.push(chunk);
      while (decoder.next()) received++;
      if (received === count) finished();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect(server.address().port, '127.0.0.1');
  await once(socket, 'connect');
  const header = Buffer.alloc(4);
  header.writeUInt32LE(payload.length);

  const start = process.hrtime.bigint();
  for (let sent = 0; sent < count; ) {
    socket.cork();
    let room = true;
    for (let bytes = 0; sent < count && bytes < 65_536; sent++, bytes += payload.length + 4) {
      socket.write(header);
      room = socket.write(payload);
    }
    socket.uncork();
    if (!room) await once(socket, 'drain');
  }
  await done;
  const ns = Number(process.hrtime.bigint() - start) / count;
  socket.destroy();
  server.close();
  return ns;
}

/** Nanoseconds an entry, from the dial to the last one applied. */
async function shoal(source, count) {
  const listener = await tcp.listen('127.0.0.1:0');
  const feeder = startFeeder({ log: source, listener, ...checksums, batchBytes: globalThis.BB ?? 65536 });
  const log = new MemoryLog();
  const start = process.hrtime.bigint();
  const replica = startReplica({
    log,
    dial: (options) => tcp.dial(listener.address, options),
    ...checksums,
  });
  await replica.applied(BigInt(count));
  const ns = Number(process.hrtime.bigint() - start) / count;
  if (log.digest() !== source.digest()) throw new Error('the logs differ');
  await replica.close();
  await feeder.close();
  return ns;
}

const { size, count } = CASES[+process.argv[2]];
const payload = Buffer.alloc(size, 7);
const source = new MemoryLog();
await source.append(Array.from({ length: count }, (_, i) => ({ type: i % 10 === 9 ? 1 : 0, payload })));
const ps = []; for await (const b of source.read(1n)) { for (const e of b) ps.push(e.payload); if (ps.length === count) break; }
async function bare2(keep) {
  let received = 0, finished; const done = new Promise((r) => { finished = r; }); const kept = [];
  const server = createServer((socket) => { const decoder = new FrameDecoder();
    socket.on('data', (chunk) => { decoder.push(chunk); let f; while ((f = decoder.next())) { received++; if (keep) kept.push(f); } if (received === count) finished(); }); }).listen(0, '127.0.0.1');
  await once(server, 'listening'); const socket = connect(server.address().port, '127.0.0.1'); await once(socket, 'connect');
  const header = Buffer.alloc(4); header.writeUInt32LE(payload.length);
  for (let sent = 0; sent < count; ) { socket.cork(); let room = true;
    for (let bytes = 0; sent < count && bytes < 65_536; sent++, bytes += payload.length + 4) { socket.write(header); room = socket.write(ps[sent]); }
    socket.uncork(); if (!room) await once(socket, 'drain'); }
  await done; socket.destroy(); server.close();
}
const F = { bare: () => bare(payload, count), bareSrc: () => bare2(false), bareSrcKeep: () => bare2(true) };
for (const b of [16384, 32768, 65536, 262144]) F['batch' + b] = () => { globalThis.BB = b; return shoal(source, count); };
const out = {};
for (let r = 0; r < 9; r++) for (const n in F) {
  const c = process.cpuUsage(), s = performance.now();
  await F[n]();
  const cc = process.cpuUsage(c);
  (out[n] ??= []).push({ wall: (performance.now()-s)*1e6/count, user: cc.user*1e3/count, sys: cc.system*1e3/count });
}
for (const n in F) console.log(n.padEnd(12), ['wall','user','sys'].map(k => k + ' ' + median(out[n].map(x=>x[k])).toFixed(0).padStart(7)).join(' '));
