import { describe, expect, it } from 'vitest';
import { Fifo } from './fifo.ts';
import { Waiters } from './waiters.ts';

describe('Waiters', () => {
  it('are served in the order in which they came', async () => {
    const waiters = new Waiters<number>();
    const all = Promise.all([waiters.wait('a'), waiters.wait('b'), waiters.wait('c')]);
    waiters.resolveFirst(1);
    expect(waiters.length).toBe(2);
    waiters.resolveAll(2);
    expect(await all).toEqual([1, 2, 2]);
    waiters.resolveFirst(3);
    waiters.rejectFirst(new Error('to nobody'));
    expect(waiters.length).toBe(0);
  });

  it('are told that they wait in vain', async () => {
    const waiters = new Waiters();
    const all = Promise.allSettled([waiters.wait('a'), waiters.wait('b'), waiters.wait('c')]);
    waiters.rejectFirst(new Error('one'));
    waiters.rejectAll(new Error('all'));
    const reasons = (await all).map((result) => result.status === 'rejected' && result.reason);
    expect(reasons.map(({ message }) => message)).toEqual(['one', 'all', 'all']);
  });

  it('go when their signal fires, and leave it when they are served', async () => {
    const waiters = new Waiters();
    const stop = new AbortController();
    const reason = new Error('enough');
    const first = waiters.wait('waiting', stop.signal);
    const second = waiters.wait('waiting');
    stop.abort(reason);
    await expect(first).rejects.toMatchObject({
      code: 'aborted',
      message: 'waiting: aborted',
      cause: reason,
    });
    expect(waiters.length).toBe(1);
    waiters.resolveAll();
    await second;
    await expect(waiters.wait('again', stop.signal)).rejects.toMatchObject({ code: 'aborted' });

    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    const served = waiters.wait('waiting', signal);
    const failed = waiters.wait('waiting', signal);
    expect(listeners).toBe(2);
    waiters.resolveFirst();
    waiters.rejectFirst(new Error('lost'));
    await served;
    await expect(failed).rejects.toThrow('lost');
    expect(listeners).toBe(0);
  });
});

describe('Fifo', () => {
  it('yields what was pushed, in order, whatever was taken between', () => {
    const queue = new Fifo<number>();
    const taken: (number | undefined)[] = [];
    for (let i = 0; i < 100; i++) {
      queue.push(i);
      if (i % 3 === 0) taken.push(queue.shift());
    }
    expect(queue.length).toBe(66);
    expect([...taken, ...queue.takeAll()]).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([queue.length, queue.shift()]).toEqual([0, undefined]);
    queue.push(1);
    queue.clear();
    expect(queue.length).toBe(0);
  });
});
