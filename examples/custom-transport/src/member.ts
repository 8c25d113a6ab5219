import { parentPort, workerData } from 'node:worker_threads';
import { local } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { createMemoryTransport } from './memory-transport.ts';

const { network, port, seeds } = workerData as {
  network: SharedArrayBuffer;
  port: number;
  seeds: string[];
};

const membership = startMembership({
  transport: createMemoryTransport(network, port),
  seeds,
  config: local(),
});
const say = (text: string): void =>
  parentPort!.postMessage(`${membership.identity.address} ${text}`);
membership.on('memberUp', ({ member }) => say(`sees ${member.id.address} come up`));
membership.on('memberDown', ({ member, reason }) => {
  say(`sees that ${member.id.address} has ${reason}`);
});

parentPort!.once('message', async () => {
  await membership.leave();
  await membership.close();
  parentPort!.close();
});
