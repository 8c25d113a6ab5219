// A replica of a Noxu feeder:  node dist/main.js FEEDER
import { MemoryLog, NOXU_ENTRY_KINDS } from '@shoal/syncup';
import { startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';

const [feeder = '127.0.0.1:7950'] = process.argv.slice(2);
const tcp = createTcpTransport();

// Noxu's entry types and fingerprints: crc32(payload) ^ type, not chained.
const log = new MemoryLog({ kinds: NOXU_ENTRY_KINDS, fingerprint: 'noxu' });
const encoder = new TextEncoder();
const [INSERT, COMMIT] = [13, 30];

// Entries from an earlier feeder. The current feeder has a different history from VLSN 51 on.
for (let vlsn = 1; vlsn <= 60; vlsn++) {
  const text = `${vlsn <= 50 ? 'base' : 'mine'}:${vlsn};`.repeat(64).slice(0, 64);
  await log.append([{ type: vlsn % 5 === 0 ? COMMIT : INSERT, payload: encoder.encode(text) }]);
}

const replica = startReplica({
  log,
  dialect: 'noxu',
  dial: (options) => tcp.dial(feeder, options), // twice an attempt: syncup, and then the stream
  onRollback: ({ matchpoint, discarded }) => {
    console.log(`rolled back to ${matchpoint}, archived ${discarded.first} to ${discarded.last}`);
  },
  onEntries: (entries) => {
    console.log(`applied ${entries[0]!.vlsn} to ${entries.at(-1)!.vlsn}`);
  },
});
replica.on('syncup', ({ plan }) => console.log(`syncup: ${plan.decision.type}`));
replica.on('streaming', ({ startVlsn }) => console.log(`streaming from ${startVlsn}`));
replica.on('disconnected', ({ error }) => console.error(`disconnected: ${error}`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void replica.close());
}
await replica.finished;
