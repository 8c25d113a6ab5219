import type { Connection } from '@shoal/transport';
import { expect, it } from 'vitest';
import { type ReplicaEvent, startFeeder, startReplica } from '../src/driver.ts';
import { SyncupError } from '../src/errors.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { fast } from './driver.test-helper.ts';
import { commits, logOf } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

it('a replica reports what it does in order, and ends its streams when it is closed', async () => {
  const network = new MemoryNetwork();
  const log = await logOf(commits(3), commits(2, 'feeder', 4));
  await using _feeder = startFeeder({ log, listener: network.listener });
  const own = await logOf(commits(3), commits(1, 'own', 4));
  const replica = startReplica({ log: own, dial: network.dial, ...fast });
  const events = replica.events();
  await replica.applied(5n);
  await replica.close();
  const seen: ReplicaEvent[] = [];
  for await (const event of events) seen.push(event);
  expect(seen.map(({ type }) => type)).toEqual(['syncup', 'rollback', 'streaming', 'progress']);
  expect(seen[1]).toMatchObject({ matchpoint: 3n, discarded: { first: 4n, last: 4n } });
  expect(seen[3]).toMatchObject({ applied: 5n, feederLast: 5n, entries: 0n, ms: 0 });
});

it('a feeder reports handshakes, streams and acknowledgements with the fields of a replica', async () => {
  const network = new MemoryNetwork();
  await using feeder = startFeeder({ log: await logOf(commits(3)), listener: network.listener });
  await using events = feeder.events();
  await using _replica = startReplica({
    log: new MemoryLog(),
    dial: network.dial,
    name: 'replica',
    ...fast,
  });
  await feeder.waitForAcks(3n, 1);
  const next = async (): Promise<unknown> => (await events.next()).value;
  expect(await next()).toMatchObject({
    type: 'syncup',
    name: 'replica',
    outcome: { startVlsn: 1n },
  });
  expect(await next()).toMatchObject({ type: 'streaming', name: 'replica', acked: 0n, sent: 0n });
  expect(await next()).toMatchObject({ type: 'ack', name: 'replica', dialect: 'shoal', acked: 3n });
});

it('a listener is removed by its signal', async () => {
  const network = new MemoryNetwork();
  await using feeder = startFeeder({ log: await logOf(commits(3)), listener: network.listener });
  const stop = new AbortController();
  const acked: bigint[] = [];
  feeder.on('ack', () => stop.abort(), { signal: stop.signal });
  feeder.on('ack', ({ acked: vlsn }) => acked.push(vlsn));
  await using _replica = startReplica({ log: new MemoryLog(), dial: network.dial, ...fast });
  await feeder.waitForAcks(3n, 1);
  expect(stop.signal.aborted).toBe(true);
  expect(acked).toEqual([3n]);
});

it('a reader that falls behind gets an error with code overflow', async () => {
  const network = new MemoryNetwork();
  await using _feeder = startFeeder({ log: await logOf(commits(3)), listener: network.listener });
  await using replica = startReplica({ log: new MemoryLog(), dial: network.dial, ...fast });
  const events = replica.events({ capacity: 1 });
  await replica.applied(3n);
  const failure = events.next();
  await expect(failure).rejects.toBeInstanceOf(SyncupError);
  await expect(failure).rejects.toMatchObject({ code: 'overflow' });
});

it('a replica in a hidden page, whose timers do not run, answers each heartbeat', async () => {
  const network = new MemoryNetwork();
  const { listener } = network;
  await using _feeder = startFeeder({ log: await logOf(commits(3)), listener, ...fast });
  let sent = 0;
  const dial = async (): Promise<Connection> => {
    const connection = await network.dial();
    const { send } = connection;
    connection.send = (frame) => {
      sent++;
      return send.call(connection, frame);
    };
    return connection;
  };
  const log = new MemoryLog();
  await using replica = startReplica({ log, dial, heartbeatInterval: 2 ** 30 });
  await replica.applied(3n);
  const before = sent;
  await new Promise<void>((resolve) => {
    replica.on('progress', () => {
      if (sent >= before + 5) resolve();
    });
  });
});
