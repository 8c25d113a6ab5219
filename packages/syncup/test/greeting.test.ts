import { encodeShoalStream } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { startFeeder, startReplica } from '../src/driver.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { fast, once } from './driver.test-helper.ts';
import { commits, logOf } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

describe('greeting', () => {
  it.each([
    ['another cluster', { label: 'a' }, { label: 'b' }, 'label'],
    ['a feeder of an older term', { term: 3n }, { term: 4n }, 'stale-term'],
  ])('%s is refused', async (_name, feederOptions, replicaOptions, expected) => {
    const network = new MemoryNetwork();
    const source = await logOf(commits(9, 'f'));
    await using _feeder = startFeeder({
      log: source,
      listener: network.listener,
      ...feederOptions,
    });
    const log = await logOf(commits(5));
    const before = log.digest();
    await using replica = startReplica({ log, dial: network.dial, ...once, ...replicaOptions });
    await expect(replica.finished).rejects.toMatchObject({ code: expected });
    expect(log.digest()).toBe(before);
  });

  it.each([
    ['features that were not offered', { features: 0xff }],
    ['a range that is none', { first: 9n, last: 3n }],
  ])('a welcome with %s is refused', async (_name, wrong) => {
    const network = new MemoryNetwork();
    const log = await logOf(commits(5));
    await using replica = startReplica({ log, dial: network.dial, ...once });
    const rejected = expect(replica.finished).rejects.toMatchObject({ code: 'protocol' });
    for await (const connection of network.listener) {
      const right = { version: 1, features: 1, label: 0, term: 0n, first: 1n, last: 5n };
      connection.send(encodeShoalStream({ type: 'welcome', ...right, ...wrong }));
      break;
    }
    await rejected;
    expect(log.range.last).toBe(5n);
  });

  it('a feeder that lacks durable entries changes nothing', async () => {
    const network = new MemoryNetwork();
    await using _feeder = startFeeder({ log: new MemoryLog(), listener: network.listener });
    const log = await logOf(commits(5));
    log.noteDurable(3n);
    await using replica = startReplica({ log, dial: network.dial, ...fast });
    await expect(replica.finished).rejects.toMatchObject({ code: 'rollback-prohibited' });
    expect(log.range.last).toBe(5n);
  });

  it('two empty logs stream from VLSN 1', async () => {
    const network = new MemoryNetwork();
    const source = new MemoryLog();
    await using _feeder = startFeeder({ log: source, listener: network.listener, ...fast });
    const log = new MemoryLog();
    await using replica = startReplica({ log, dial: network.dial, ...fast });
    await new Promise<void>((resolve) => replica.on('streaming', () => resolve()));
    await source.append(commits(4));
    await replica.applied(4n);
  });

  it('heartbeats say what is durable, and how far the replica is behind', async () => {
    const network = new MemoryNetwork();
    const source = await logOf(commits(9));
    await using feeder = startFeeder({
      log: source,
      listener: network.listener,
      majority: 1,
      ...fast,
    });
    const log = new MemoryLog();
    await using replica = startReplica({ log, dial: network.dial, name: 'r', ...fast });
    await feeder.waitForAcks(9n, 1);
    await new Promise<void>((resolve) => {
      replica.on('progress', () => log.range.durable === 9n && resolve());
    });
    expect(source.range.durable).toBe(9n);
    expect(replica.lag).toMatchObject({ applied: 9n, feederLast: 9n, entries: 0n, ms: 0 });
  });
});
