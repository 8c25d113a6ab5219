import type { Connection } from '@shoal/transport';
import { decodeShoalStream, encodeShoalStream } from '@shoal/wire';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startFeeder, startReplica } from '../src/driver.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';

import { bytes, commits, logOf } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

const hello = {
  type: 'hello',
  versionMin: 1,
  versionMax: 1,
  features: 7,
  label: 0,
  term: 0n,
  name: 'lazy',
} as const;

/** Neither heartbeats nor time-outs while a test looks. */
const patient = { heartbeatInterval: 2 ** 30, idleTimeout: 2 ** 30 } as const;

/** Resolves when somebody waits, or has waited since it was last asked, to send more. */
function waitsOf(connection: Connection): () => Promise<void> {
  const ready = connection.ready.bind(connection);
  let waited = false;
  let wake = (): void => {};
  connection.ready = (options) => {
    waited = true;
    wake();
    return ready(options);
  };
  return async () => {
    if (!waited) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    waited = false;
  };
}

describe('a replica that comes back', () => {
  it('waits longer after each failure, up to a limit, half of it at random; only a stable stream resets the wait', async () => {
    // How long a stream lasted is told by this clock alone, however busy the machine is.
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => void vi.restoreAllMocks());
    const network = new MemoryNetwork();
    const source = await logOf(commits(3));
    await using _feeder = startFeeder({ log: source, listener: network.listener });
    let attempts = 0;
    const waits: number[] = [];
    await using replica = startReplica({
      log: new MemoryLog(),
      random: () => 0.5,
      reconnect: { minDelay: 4, maxDelay: 20 },
      dial: async () => {
        attempts++;
        if (attempts < 6 || attempts > 8) throw new Error('refused');
        return network.dial();
      },
    });
    const enough = new Promise<void>((resolve) => {
      replica.on('disconnected', ({ retryIn }) => {
        waits.push(retryIn!);
        if (waits.length === 9) resolve();
      });
    });
    const cut = (): void => {
      for (const connection of network.connections) connection.abort(new Error('cut'));
    };
    // One stream lasts, but brings nothing; one brings entries, but is short; the last one does both.
    replica.on('streaming', () => {
      if (attempts !== 7) now += 20;
      if (attempts !== 7) cut();
    });
    replica.on('progress', () => {
      if (attempts !== 7) return;
      now += 19;
      cut();
    });
    await enough;
    // 4, 8, 16, then 20 at most, of which 0.5 + 0.5 / 2.
    expect(waits).toEqual([3, 6, 12, 15, 15, 15, 15, 3, 6]);
  });

  it('may choose another feeder each time', async () => {
    const networks = [new MemoryNetwork(), new MemoryNetwork(), new MemoryNetwork()];
    const logs = [await logOf(commits(5)), await logOf(commits(5)), await logOf(commits(9))];
    const feeders = networks.map(({ listener }, i) => startFeeder({ log: logs[i]!, listener }));
    const log = new MemoryLog();
    let turn = 0;
    const fed: string[] = [];
    await using replica = startReplica({
      log,
      dial: () => networks[turn++ % 3]!.dial(),
      reconnect: { minDelay: 1, maxDelay: 2 },
    });
    replica.on('streaming', () => fed.push(`${(turn - 1) % 3}`));
    await replica.applied(5n);
    // The first goes down, the second is there, and then only the third has more.
    await feeders[0]!.close();
    await logs[1]!.append(commits(2, 'c', 6));
    await replica.applied(7n);
    await feeders[1]!.close();
    await replica.applied(9n);
    expect([...new Set(fed)]).toEqual(['0', '1', '2']);
    expect(log.digest()).toBe(logs[2]!.digest());
    await feeders[2]!.close();
  });
});

describe('memory', () => {
  it('of a feeder stays bounded while a replica does not read', async () => {
    const network = new MemoryNetwork();
    const entries = Array.from({ length: 640 }, () => ({
      type: 1,
      payload: new Uint8Array(100_000),
    }));
    const source = await logOf(entries);
    const { listener } = network;
    await using feeder = startFeeder({ log: source, listener, batchBytes: 1, ...patient });
    const connection = await network.dial();
    const [dialled, accepted] = network.connections;
    const frames = connection[Symbol.asyncIterator]();
    const nextWait = waitsOf(accepted!);
    connection.send(encodeShoalStream(hello));
    expect(decodeShoalStream((await frames.next()).value!).type).toBe('welcome');
    connection.send(encodeShoalStream({ type: 'startStream', startVlsn: 1n }));
    // An entry is more than may wait: the feeder waits after each, until that one is read.
    for (let sent = 1n; sent <= 5n; sent++) {
      await nextWait();
      expect(feeder.replicas()[0]!.sent).toBe(sent);
      // A feeder that does not wait would have sent more by now: it reads memory without a pause.
      await new Promise((resolve) => setImmediate(resolve));
      expect(feeder.replicas()[0]!.sent).toBe(sent);
      expect(decodeShoalStream((await frames.next()).value!).type).toBe('chainedEntries');
      expect((await frames.next()).value).toHaveLength(100_005);
    }
    expect(dialled!.peak).toBeLessThan(110_000);
    connection.abort(new Error('done'));
  });

  it('a snapshot larger than a frame is sent in chunks', async () => {
    const network = new MemoryNetwork();
    let largest = 0;
    network.wire.onFrame = (frame) => {
      largest = Math.max(largest, frame.length);
      return frame;
    };
    const entries = Array.from({ length: 70 }, (_, i) => ({
      type: 1,
      payload: new Uint8Array(1 << 20).fill(i),
    }));
    const source = await logOf(entries);
    await using _feeder = startFeeder({ log: source, listener: network.listener });
    const log = await logOf([{ type: 1, payload: bytes('other') }]);
    await using replica = startReplica({ log, dial: network.dial });
    await replica.applied(70n);
    expect(log.digest()).toBe(source.digest());
    expect(largest).toBeLessThan(2 << 20);
  });

  it('a snapshot that is shorter than announced is refused, and the log is unchanged', async () => {
    const network = new MemoryNetwork();
    network.wire.onFrame = (frame, from) => {
      if (from === 'dialer' || frame[0] !== 24) return frame;
      return encodeShoalStream({ type: 'restoreEnd', size: 10, digest: 1n });
    };
    const source = await logOf(commits(500, 'a'));
    await using _feeder = startFeeder({ log: source, listener: network.listener });
    const log = await logOf(commits(3, 'other'));
    await using replica = startReplica({ log, dial: network.dial, reconnect: false });
    await expect(replica.finished).rejects.toMatchObject({ code: 'snapshot' });
    expect(log.range.last).toBe(3n);
  });
});

it('a replica that has lost its feeder reports no lag', async () => {
  const network = new MemoryNetwork();
  const source = await logOf(commits(9, 'f'));
  const feeder = startFeeder({ log: source, listener: network.listener });
  await using replica = startReplica({ log: new MemoryLog(), dial: network.dial, name: 'r' });
  expect(replica.lag).toBeUndefined();
  await feeder.waitForAcks(9n, 1);
  expect(replica.lag).toMatchObject({ applied: 9n, feederLast: 9n, entries: 0n });
  const lost = new Promise((resolve) => replica.on('disconnected', resolve));
  await feeder.close();
  await source.append(commits(1));
  await lost;
  expect(replica.lag).toBeUndefined();
});
