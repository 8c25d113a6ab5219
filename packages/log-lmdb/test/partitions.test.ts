import type { LogStore, NewEntry } from '@shoal/syncup';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { MemoryNetwork, seededRandom } from '@shoal/testkit';
import { expect, it } from 'vitest';
import { openLmdbLog } from '../src/open/open-lmdb-log.ts';
import { temporaryDirectories } from './directory.test-helper.ts';

const directory = temporaryDirectories();
const TERMS = 6;

const entries = (count: number, name: string): NewEntry[] =>
  Array.from({ length: count }, (_, i) => ({
    type: i % 5 === 4 ? 0 : 1,
    payload: new TextEncoder().encode(`${name}-${i}`),
  }));

it.each([1, 2, 3, 4, 5])(
  'delays, partitions and lost connections lose nothing durable: seed %i',
  async (seed) => {
    const random = seededRandom(`partitions ${seed}`);
    const upTo = (limit: number): number => Math.floor(random() * limit);
    const network = new MemoryNetwork({ seed, faults: { delay: [0, 3] } });
    const logs: LogStore[] = [];
    for (let i = 0; i < 3; i++) logs.push(await openLmdbLog({ path: directory() }));
    const host = (node: number): string => `10.0.0.${node + 1}`;
    /** The fingerprint of each entry that two nodes hold. */
    const durable: bigint[] = [];
    let faults = 0;
    const holdsAll = async (log: LogStore): Promise<boolean> => {
      const last = durable.length - 1;
      // Chained: the last one proves the others.
      return last < 0 || (await log.entry(BigInt(last + 1)))?.fingerprint === durable[last];
    };
    for (let term = 1n; term <= TERMS; term++) {
      const able: number[] = [];
      for (const [node, log] of logs.entries()) if (await holdsAll(log)) able.push(node);
      expect(able.length).toBeGreaterThanOrEqual(durable.length > 0 ? 2 : 3);
      const leader = able[upTo(able.length)]!;
      const source = logs[leader]!;
      const listener = await network
        .createStreamTransport({ host: host(leader), closeTimeout: 50 })
        .listen(`${host(leader)}:0`);
      const feeder = startFeeder({
        log: source,
        listener,
        term,
        majority: 1,
        heartbeatInterval: 20,
      });
      const others = [0, 1, 2].filter((node) => node !== leader);
      const replicas = others.map((node) => {
        const transport = network.createStreamTransport({
          host: host(node),
          dialTimeout: 100,
          closeTimeout: 50,
        });
        return startReplica({
          log: logs[node]!,
          name: host(node),
          term,
          dial: (options) => transport.dial(listener.address, options),
          random,
          reconnect: { minDelay: 1, maxDelay: 10 },
          heartbeatInterval: 20,
          idleTimeout: 200,
          stepTimeout: 300,
        });
      });
      const ended = replicas.map(async (replica) => {
        await replica.finished;
        throw new Error('a replica has ended');
      });
      for (let round = 0; round < 4; round++) {
        const away = others[upTo(2)]!;
        const fault = upTo(4);
        if (fault === 1) network.partition([host(leader)], [host(away)]);
        if (fault === 2) network.breakConnections({ to: host(leader) });
        if (fault === 3) network.cut({ from: host(leader), to: host(away) });
        if (fault > 0) faults++;
        await source.append(entries(1 + upTo(40), `t${term}-${round}`));
        const { last } = source.range;
        await Promise.race([feeder.waitForAcks(last, 1), ...ended]);
        for (let vlsn = BigInt(durable.length) + 1n; vlsn <= last; vlsn++) {
          durable.push((await source.entry(vlsn))!.fingerprint);
        }
        network.heal();
      }
      await feeder.close();
      for (const replica of replicas) await replica.close();
      await Promise.allSettled(ended);
      // It goes on alone: this will have to be undone, if it does not lead next.
      if (random() < 0.7) await source.append(entries(1 + upTo(30), `alone-${term}`));
    }
    expect(faults).toBeGreaterThan(0);
    let holders = 0;
    for (const log of logs) {
      if (await holdsAll(log)) holders++;
      await log[Symbol.asyncDispose]();
    }
    expect(holders).toBeGreaterThanOrEqual(2);
  },
);
