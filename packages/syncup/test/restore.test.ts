import { describe, expect, it } from 'vitest';
import {
  type FeederOptions,
  type ReplicaOptions,
  startFeeder,
  startReplica,
} from '../src/driver.ts';
import { fast } from './driver.test-helper.ts';
import { bytes, commits, logOf, noxuLogOf } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

/** Large enough that a restore takes many chunks. */
const large = (count: number, name: string): ReturnType<typeof commits> =>
  Array.from({ length: count }, (_, i) => ({
    type: 1,
    payload: bytes(`${name}${i}`.padEnd(5000, '.')),
  }));

describe('restore', () => {
  it('replaces a log that has nothing in common, then streams', async () => {
    const network = new MemoryNetwork();
    const source = await logOf(large(100, 'f'));
    await source.trimHead(20n);
    await using feeder = startFeeder({ log: source, listener: network.listener, ...fast });
    const log = await logOf(commits(9, 'mine'));
    const told: unknown[] = [];
    const progress: number[] = [];
    await using replica = startReplica({
      log,
      dial: network.dial,
      ...fast,
      onRestore: (range) => void told.push(range.first, range.last),
    });
    replica.on('restoring', ({ done, total }) => {
      expect(done).toBeLessThanOrEqual(total);
      progress.push(done);
    });
    await replica.applied(100n);
    await source.append(commits(5, 'new'));
    await feeder.waitForAcks(105n, 1);
    expect(told).toEqual([20n, 100n]);
    expect(progress.length).toBeGreaterThan(5);
    expect(log.digest()).toBe(source.digest());
    for await (const archive of log.archives()) {
      expect(archive).toMatchObject({ first: 1n, last: 9n, reason: 'replaced by a snapshot' });
    }
  });

  it('is not cut off while the replica takes its time to install the snapshot', async () => {
    const network = new MemoryNetwork();
    const source = await logOf(commits(9, 'f'));
    const stepTimeout = 400;
    await using feeder = startFeeder({
      log: source,
      listener: network.listener,
      ...fast,
      stepTimeout,
    });
    let lost = 0;
    feeder.on('disconnected', () => lost++);
    const log = await logOf(commits(9, 'mine'));
    await using replica = startReplica({
      log,
      dial: network.dial,
      ...fast,
      onRestore: () => new Promise((resolve) => setTimeout(resolve, 3 * stepTimeout)),
    });
    await replica.applied(9n);
    expect(lost).toBe(0);
  });

  it('is resumed after a lost connection', async () => {
    const network = new MemoryNetwork();
    const source = await logOf(large(200, 'f'));
    await using feeder = startFeeder({ log: source, listener: network.listener, ...fast });
    const log = await logOf(commits(9, 'mine'));
    let chunks = 0;
    network.wire.onFrame = (frame) => {
      if (frame[0] === 23 && ++chunks % 4 === 0) throw new Error('cut');
      return frame;
    };
    const offsets: number[] = [];
    feeder.on('restore', ({ offset }) => offsets.push(offset));
    await using replica = startReplica({ log, dial: network.dial, ...fast });
    await replica.applied(200n);
    expect(log.digest()).toBe(source.digest());
    expect(offsets.length).toBeGreaterThan(3);
    expect(offsets[0]).toBe(0);
    expect(offsets.slice(1).every((offset, i) => offset > offsets[i]!)).toBe(true);
    // What had come was not sent again, but for what was on its way when the cut came.
    expect(chunks).toBeLessThan(offsets.length + (200 * 5005) / 60_000 + 8);
  });

  it('starts over if the feeder has another snapshot by then', async () => {
    const network = new MemoryNetwork();
    const source = await logOf(large(200, 'f'));
    await using _feeder = startFeeder({
      log: source,
      listener: network.listener,
      ...fast,
      restoreGrace: 0,
    });
    const log = await logOf(commits(9, 'mine'));
    let chunks = 0;
    network.wire.onFrame = (frame) => {
      if (frame[0] !== 23 || ++chunks !== 6) return frame;
      void source.append(commits(3, 'more'));
      throw new Error('cut');
    };
    await using replica = startReplica({
      log,
      dial: network.dial,
      ...fast,
      reconnect: { minDelay: 30 },
    });
    await replica.applied(203n);
    expect(log.digest()).toBe(source.digest());
  });

  it('detects a damaged chunk by its CRC-32, and a wrong digest at the end', async () => {
    for (const opcode of [23, 24]) {
      const network = new MemoryNetwork();
      const source = await logOf(large(50, 'f'));
      await using _feeder = startFeeder({ log: source, listener: network.listener, ...fast });
      const log = await logOf(commits(9, 'mine'));
      let damaged = 0;
      network.wire.onFrame = (frame) => {
        if (frame[0] !== opcode || damaged++ > 0) return frame;
        const copy = frame.slice();
        copy[copy.length - 1]! ^= 1;
        return copy;
      };
      await using replica = startReplica({ log, dial: network.dial, ...fast });
      const errors: unknown[] = [];
      replica.on('disconnected', ({ error }) => errors.push(error));
      await replica.applied(50n);
      expect(errors).toEqual([code(opcode === 23 ? 'protocol' : 'snapshot')]);
      expect(log.digest()).toBe(source.digest());
    }
  });

  it('can be refused by either side', async () => {
    for (const [feederOptions, replicaOptions] of [
      [{ restore: false }, {}],
      [{}, { restore: false }],
    ] satisfies [Partial<FeederOptions>, Partial<ReplicaOptions>][]) {
      const network = new MemoryNetwork();
      const source = await logOf(commits(9, 'f'));
      await using _feeder = startFeeder({
        log: source,
        listener: network.listener,
        ...feederOptions,
      });
      const log = await logOf(commits(9, 'mine'));
      await using replica = startReplica({ log, dial: network.dial, ...fast, ...replicaOptions });
      await expect(replica.finished).rejects.toMatchObject({ code: 'restore-needed' });
      expect(log.range.last).toBe(9n);
    }
  });

  it('is not possible from a Noxu feeder, which copies files', async () => {
    const network = new MemoryNetwork();
    const source = await noxuLogOf(commits(9, 'f'));
    await using _feeder = startFeeder({ log: source, listener: network.listener });
    const log = await noxuLogOf(commits(9, 'mine'));
    await using replica = startReplica({ log, dial: network.dial, dialect: 'noxu', ...fast });
    await expect(replica.finished).rejects.toMatchObject({ code: 'restore-needed' });
  });
});
