// The demo: a cluster of six processes on this machine. Every line marked "ok" was verified. Exits
// with 0 only if all of them were.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from './cluster.ts';
import { divergeAndRejoin, handOver, killTheLeader, replaceVoter, replicate } from './log-story.ts';
import { leave, suspectAndRefute } from './membership-story.ts';

const started = performance.now();
const directory = mkdtempSync(join(tmpdir(), 'shoal-demo-'));
const cluster = new Cluster(randomBytes(32).toString('hex'), directory);
const { checks } = cluster;

async function main(): Promise<void> {
  checks.title('Membership: SWIM over UDP on 127.0.0.1, encrypted');
  const dace = cluster.start({ name: 'dace', bind: '127.0.0.1:0', isGateway: true });
  const { address, gateway } = await dace.report('ready');
  const seeds = [address];
  for (const name of ['anchovy', 'bream', 'cod', 'eel']) {
    cluster.start({ name, bind: '127.0.0.1:0', seeds });
  }
  await checks.confirm('five processes find each other by Announce and Feed', cluster.whole());
  cluster.start({ name: 'fry', gateways: [gateway!], seeds });
  await checks.confirm('fry, which has no UDP, joins by WebSocket and a gateway', cluster.whole());
  await suspectAndRefute(cluster, 'eel');

  checks.title('A replicated log: anchovy, bream and cod, over TCP, each with LMDB on disk');
  const first = await replicate(cluster);
  const second = await divergeAndRejoin(cluster, first);
  const third = await handOver(cluster, second, first);
  const fourth = await killTheLeader(cluster, third);
  await replaceVoter(cluster, cluster.votersBut(fourth)[0]!, fourth);

  checks.title('Goodbye');
  await leave(cluster, 'eel');
  // The gateway stops last: fry cannot say goodbye without it.
  for (const name of ['anchovy', 'bream', 'cod', 'fry', 'dace']) await cluster.stop(name);
}

try {
  await main();
  checks.end();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`\n${checks.count} steps were verified in ${seconds} s.`);
} catch (error) {
  checks.end();
  console.error(`\nFAILED: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  cluster.kill();
  rmSync(directory, { recursive: true, force: true });
}
