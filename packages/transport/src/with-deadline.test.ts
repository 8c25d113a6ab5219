import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withDeadline } from './with-deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<never>(() => {});

it('settles as the work does, and leaves nothing behind', async () => {
  const { signal } = new AbortController();
  const options = { doing: 'dial', timeout: 100, signal };
  expect(await withDeadline(Promise.resolve(1), options)).toBe(1);
  await expect(withDeadline(Promise.reject(new Error('no')), options)).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

it('rejects when the time is over', async () => {
  const { signal } = new AbortController();
  const late = withDeadline(never, { doing: 'dial', timeout: 100, signal });
  const checked = expect(late).rejects.toMatchObject({
    code: 'timeout',
    message: 'dial: no answer within 100 ms',
  });
  vi.advanceTimersByTime(100);
  await checked;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

it('rejects when the signal fires or has fired', async () => {
  const stop = new AbortController();
  const options = { doing: 'dial', timeout: 100, signal: stop.signal };
  const aborted = withDeadline(never, options);
  stop.abort(new Error('enough'));
  for (const result of [aborted, withDeadline(never, options)]) {
    await expect(result).rejects.toMatchObject({ code: 'aborted', cause: stop.signal.reason });
  }
  expect(vi.getTimerCount()).toBe(0);
});
