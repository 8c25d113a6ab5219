// A node in its own process, controlled by the test that has forked it.
import { createNode, manualLeader } from '../dist/index.js';

const { name, path, bind, seeds, voters } = JSON.parse(process.argv[2]);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const leadership = manualLeader();

const tell = (message) => process.send?.(message);
const node = await createNode({
  name,
  bind,
  seeds,
  voters,
  leadership,
  log: { path },
  joinRetry: { first: 50, most: 500 },
  replication: {
    heartbeatInterval: 100,
    idleTimeout: 3000,
    reconnect: { minDelay: 20, maxDelay: 200 },
  },
});

for (const type of ['role', 'steppedDown', 'rollback', 'failed', 'streaming']) {
  node.on(type, (event) =>
    tell({
      type,
      role: event.role,
      term: event.term?.toString(),
      code: event.error?.code,
      message: event.error?.message,
      matchpoint: event.matchpoint?.toString(),
      archive: event.discarded?.id,
    }),
  );
}
tell({ type: 'ready', address: node.address });

async function append(texts) {
  const appending = texts.map((text) =>
    node.append([{ type: 1, payload: encoder.encode(text) }], { timeout: 20_000 }),
  );
  try {
    await Promise.all(appending);
    tell({ type: 'acknowledged', texts });
  } catch (error) {
    tell({ type: 'refused', texts, code: error.code });
  }
}

async function content() {
  const texts = [];
  const { first, last } = node.log.range;
  for await (const batch of node.log.read(first)) {
    for (const { type, payload } of batch) if (type === 1) texts.push(decoder.decode(payload));
    if (batch.at(-1).vlsn === last) break;
  }
  const archived = [];
  for await (const { reason, entries } of archives()) {
    for await (const batch of entries) {
      for (const { type, payload } of batch) if (type === 1) archived.push(decoder.decode(payload));
    }
    void reason;
  }
  const { fingerprint } = await node.log.entry(last);
  tell({ type: 'content', texts, archived, fingerprint: fingerprint.toString(16) });
}

async function* archives() {
  for await (const archive of node.log.archives()) {
    yield { reason: archive.reason, entries: archive.entries() };
  }
}

process.on('message', (command) => {
  if (command.type === 'choose') {
    leadership.choose(command.leader, command.epoch);
  } else if (command.type === 'append') void append(command.texts);
  else if (command.type === 'content') void content();
  else if (command.type === 'close') void node.leave().then(() => process.disconnect());
});
process.on('disconnect', () => process.exit());
