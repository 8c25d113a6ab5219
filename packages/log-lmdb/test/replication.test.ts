import type { NewEntry } from '@shoal/syncup';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { MemoryNetwork } from '@shoal/testkit';
import { expect, it } from 'vitest';
import { openLmdbLog } from '../src/open/open-lmdb-log.ts';
import { temporaryDirectories } from './directory.test-helper.ts';

const directory = temporaryDirectories();

const commits = (count: number, prefix: string): NewEntry[] =>
  Array.from({ length: count }, (_, i) => ({
    type: 1,
    payload: new TextEncoder().encode(`${prefix}${i}`.padEnd(500, '.')),
  }));

it('a feeder and a replica on disk: catch-up, rollback, restore', async () => {
  const network = new MemoryNetwork({ seed: 'lmdb' });
  const transport = network.createStreamTransport();
  await using source = await openLmdbLog({ path: directory() });
  await using log = await openLmdbLog({ path: directory() });
  await source.append(commits(2000, 'a'));
  await log.append([...commits(1500, 'a'), ...commits(300, 'lost')]);

  const listener = await transport.listen('10.0.0.1:0');
  await using feeder = startFeeder({ log: source, listener });
  const events: string[] = [];
  const options = {
    log,
    dial: () => transport.dial(listener.address),
    onRollback: ({ matchpoint }: { matchpoint: bigint }) =>
      void events.push(`back to ${matchpoint}`),
    onRestore: ({ first }: { first: bigint }) => void events.push(`restored from ${first}`),
  };
  const replica = startReplica(options);
  await replica.applied(2000n);
  await source.append(commits(500, 'b'));
  await feeder.waitForAcks(2500n, 1);
  expect(log.entry(2500n)).toEqual(source.entry(2500n));
  await replica.close();

  // While it is away, its last entry is trimmed away.
  await source.append(commits(500, 'c'));
  await source.trimHead(2900n);
  await using again = startReplica(options);
  await again.applied(3000n);
  expect(log.range.first).toBe(2900n);
  expect(log.entry(3000n)).toEqual(source.entry(3000n));
  expect(events).toEqual(['back to 1500', 'restored from 2900']);
  await log.verify();
  const archives: string[] = [];
  for await (const { first, last } of log.archives()) archives.push(`${first}..${last}`);
  expect(archives).toEqual(['1501..1800', '1..2500']);
});
