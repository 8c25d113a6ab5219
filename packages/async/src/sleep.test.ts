import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MAX_TIMER_DELAY, pause, sleep } from './sleep.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('sleep resolves after its time and leaves no listener behind', async () => {
  const { signal } = new AbortController();
  let over = false;
  const slept = sleep(100, { signal }).then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(99);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await slept;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test("sleep rejects with the signal's reason and leaves no timer behind", async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const slept = sleep(100, { signal: stop.signal });
  stop.abort(reason);
  await expect(slept).rejects.toBe(reason);
  await expect(sleep(100, { signal: stop.signal })).rejects.toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
});

test('a sleep longer than a timer allows does not end at once', async () => {
  let over = false;
  void sleep(MAX_TIMER_DELAY * 2).then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(1000);
  expect(over).toBe(false);
});

test('pause resolves after its time, or when the signal fires', async () => {
  const stop = new AbortController();
  const first = pause(100, stop.signal);
  await vi.advanceTimersByTimeAsync(100);
  await first;
  const second = pause(100, stop.signal);
  stop.abort();
  await second;
  await pause(100, stop.signal);
});
