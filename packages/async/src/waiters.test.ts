import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Waiters } from './waiters.ts';

test('waits are served in the order in which they came', async () => {
  const waiters = new Waiters<number>();
  const first = waiters.wait();
  const second = waiters.wait();
  expect(waiters.length).toBe(2);
  waiters.resolveFirst(1);
  waiters.rejectFirst(new Error('no'));
  waiters.resolveFirst(3);
  expect(await first).toBe(1);
  await expect(second).rejects.toThrow('no');
  expect(waiters.length).toBe(0);
});

test('all waits can be resolved or rejected at once', async () => {
  const waiters = new Waiters<number>();
  const resolved = [waiters.wait(), waiters.wait()];
  waiters.resolveAll(7);
  expect(await Promise.all(resolved)).toEqual([7, 7]);
  const rejected = [waiters.wait(), waiters.wait()];
  waiters.rejectAll(new Error('over'));
  for (const wait of rejected) await expect(wait).rejects.toThrow('over');
});

test('a signal ends one wait with its reason, and the others keep their order', async () => {
  const waiters = new Waiters<number>();
  const stop = new AbortController();
  const reason = new Error('enough');
  const first = waiters.wait();
  const aborted = waiters.wait({ signal: stop.signal });
  const last = waiters.wait();
  stop.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  await expect(waiters.wait({ signal: stop.signal })).rejects.toBe(reason);
  waiters.resolveFirst(1);
  waiters.resolveFirst(2);
  expect(await Promise.all([first, last])).toEqual([1, 2]);
});

test("the caller's own error takes the place of the reason", async () => {
  const waiters = new Waiters();
  const stop = new AbortController();
  const aborted = (cause: unknown): Error => new Error('given up', { cause });
  const wait = waiters.wait({ signal: stop.signal, aborted });
  stop.abort('why');
  await expect(wait).rejects.toMatchObject({ message: 'given up', cause: 'why' });
});

test('a settled wait leaves no listener at its signal', async () => {
  const waiters = new Waiters();
  const { signal } = new AbortController();
  const waits = [waiters.wait({ signal }), waiters.wait({ signal })];
  waiters.resolveFirst();
  waiters.rejectFirst(new Error('no'));
  await Promise.allSettled(waits);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
