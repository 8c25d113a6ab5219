import { expect, it } from 'vitest';
import { abortError, throwIfAborted } from './abort-error.ts';

const reason = new Error('enough');

it('says what was aborted and keeps the reason', () => {
  expect(abortError('dial', reason)).toMatchObject({
    code: 'aborted',
    message: 'dial: aborted',
    cause: reason,
  });
});

it('throws only for a signal that has fired', () => {
  expect(() => throwIfAborted('dial', undefined)).not.toThrow();
  expect(() => throwIfAborted('dial', new AbortController().signal)).not.toThrow();
  expect(() => throwIfAborted('dial', AbortSignal.abort(reason))).toThrow(
    expect.objectContaining({ code: 'aborted', cause: reason }),
  );
});
