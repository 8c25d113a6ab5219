// A cluster of four threads over shared memory. One thread is terminated, another one leaves.
import { Worker } from 'node:worker_threads';
import { createSharedNetwork } from './memory-transport.ts';

const network = createSharedNetwork();
const lines = new Set<string>();
let wake = (): void => {};

function startMember(port: number): Worker {
  const seeds = ['threads:1'];
  const url = new URL('./member.js', import.meta.url);
  const worker = new Worker(url, { workerData: { network, port, seeds } });
  worker.on('message', (line: string) => {
    console.log(line);
    lines.add(line);
    wake();
  });
  return worker;
}

async function said(line: string): Promise<void> {
  while (!lines.has(line)) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

const ports = [1, 2, 3, 4];
const members = ports.map(startMember);
for (const a of ports) {
  for (const b of ports) if (a !== b) await said(`threads:${a} sees threads:${b} come up`);
}

await members[3]!.terminate();
for (const a of [1, 2, 3]) await said(`threads:${a} sees that threads:4 has failed`);

members[2]!.postMessage('leave');
for (const a of [1, 2]) await said(`threads:${a} sees that threads:3 has left`);

for (const member of members.slice(0, 2)) member.postMessage('leave');
