import { getEventListeners, once } from 'node:events';
import { expect, test } from 'vitest';
import { onAbort, raceAbort, whenAborted } from './abort.ts';

test('onAbort calls the action once when the signal fires', () => {
  const stop = new AbortController();
  let calls = 0;
  onAbort(stop.signal, () => calls++);
  expect(calls).toBe(0);
  stop.abort();
  stop.abort();
  expect(calls).toBe(1);
});

test('onAbort calls the action at once for a signal that has fired', () => {
  let calls = 0;
  onAbort(AbortSignal.abort(), () => calls++);
  expect(calls).toBe(1);
});

test('onAbort adds one listener to a signal, whatever waits for it', () => {
  const stop = new AbortController();
  const called: number[] = [];
  const cancels = Array.from({ length: 100 }, (_, i) => onAbort(stop.signal, () => called.push(i)));
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
  for (const cancel of cancels.slice(2)) cancel();
  stop.abort();
  expect(called).toEqual([0, 1]);
});

test('onAbort runs all actions, even if one of them throws', async () => {
  const stop = new AbortController();
  let calls = 0;
  onAbort(stop.signal, () => {
    throw new Error('a mistake');
  });
  onAbort(stop.signal, () => calls++);
  const uncaught = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const seen = once(process, 'uncaughtException');
  stop.abort();
  expect(calls).toBe(1);
  expect(((await seen) as [Error])[0].message).toBe('a mistake');
  for (const listener of uncaught) process.on('uncaughtException', listener);
});

test('onAbort can be canceled, and leaves no listener behind', () => {
  const stop = new AbortController();
  let calls = 0;
  onAbort(stop.signal, () => calls++)();
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  stop.abort();
  expect(calls).toBe(0);
  expect(onAbort(undefined, () => calls++)()).toBeUndefined();
});

test('whenAborted resolves when the signal fires', async () => {
  const stop = new AbortController();
  const aborted = whenAborted(stop.signal);
  stop.abort();
  await aborted;
});

test('raceAbort settles as the promise does and leaves no listener behind', async () => {
  const { signal } = new AbortController();
  expect(await raceAbort(Promise.resolve(1), signal)).toBe(1);
  await expect(raceAbort(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  expect(await raceAbort(Promise.resolve(2), undefined)).toBe(2);
  await Promise.resolve();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test("raceAbort rejects with the signal's reason", async () => {
  const reason = new Error('enough');
  const stop = new AbortController();
  const raced = raceAbort(new Promise(() => {}), stop.signal);
  stop.abort(reason);
  await expect(raced).rejects.toBe(reason);
});
