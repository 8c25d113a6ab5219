import { describe, expect, it } from 'vitest';
import { AckTracker } from './ack-tracker.ts';

const settled = async (promise: Promise<void>): Promise<boolean> => {
  const turn = new Promise<boolean>((resolve) => setTimeout(() => resolve(false)));
  return Promise.race([promise.then(() => true), turn]);
};

describe('AckTracker', () => {
  it('counts each peer once, by what it holds', async () => {
    const acks = new AckTracker();
    for (const name of ['b', 'c', 'd']) acks.begin(name, 0n);
    const two = acks.wait(5n, { count: 2 });
    const three = acks.wait(5n, { count: 3 });
    acks.advance('b', 9n);
    acks.advance('b', 10n);
    expect(await settled(two)).toBe(false);
    acks.advance('c', 5n);
    await two;
    acks.advance('d', 4n);
    expect(await settled(three)).toBe(false);
    acks.advance('d', 5n);
    await three;
    expect([1, 2, 3, 4].map((count) => acks.heldBy(count))).toEqual([10n, 5n, 5n, 0n]);
  });

  it('says that no peers hold everything', async () => {
    const acks = new AckTracker();
    expect(acks.heldBy(0)).toBe(1n << 64n);
    await acks.wait(1n << 60n, { count: 0 });
  });

  it('never goes down by an acknowledgement, only by a new stream', () => {
    const acks = new AckTracker();
    acks.begin('b', 7n);
    acks.advance('b', 3n);
    expect(acks.heldBy(1)).toBe(7n);
    acks.begin('b', 3n);
    expect(acks.heldBy(1)).toBe(3n);
  });

  it('releases a wait when a stream begins far enough', async () => {
    const acks = new AckTracker();
    const wait = acks.wait(5n, { count: 1 });
    acks.begin('b', 5n);
    await wait;
  });

  it('releases waits in the order of the log, whatever the order of the calls', async () => {
    const acks = new AckTracker();
    const order: bigint[] = [];
    for (const vlsn of [7n, 2n, 5n]) {
      void acks.wait(vlsn, { count: 1 }).then(() => order.push(vlsn));
    }
    acks.advance('b', 6n);
    expect(await settled(acks.wait(7n, { count: 1 }))).toBe(false);
    expect(order).toEqual([2n, 5n]);
  });

  it('does not count a peer that was forgotten', () => {
    const acks = new AckTracker();
    acks.begin('b', 5n);
    acks.forget('b');
    expect(acks.heldBy(1)).toBe(0n);
  });

  it('forgets the peer that began first when there are more than 1024', () => {
    const acks = new AckTracker();
    acks.begin('first', 9n);
    for (let i = 0; i < 1023; i++) acks.begin(`peer-${i}`, 1n);
    expect(acks.heldBy(1)).toBe(9n);
    acks.begin('one too many', 1n);
    expect(acks.heldBy(1)).toBe(1n);
  });

  it('ends a wait with the reason of its signal, and no other', async () => {
    const acks = new AckTracker();
    const stop = new AbortController();
    const aborted = acks.wait(5n, { count: 1, signal: stop.signal });
    const other = acks.wait(5n, { count: 1 });
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(acks.wait(1n, { count: 1, signal: stop.signal })).rejects.toThrow('enough');
    acks.advance('b', 5n);
    await other;
  });

  it('rejects every wait once it is closed', async () => {
    const acks = new AckTracker();
    const waiting = acks.wait(5n, { count: 1 });
    acks.close(new Error('over'));
    acks.close(new Error('again'));
    await expect(waiting).rejects.toThrow('over');
    await expect(acks.wait(0n, { count: 1 })).rejects.toThrow('over');
  });
});
