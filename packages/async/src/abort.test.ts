import { getEventListeners } from 'node:events';
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
