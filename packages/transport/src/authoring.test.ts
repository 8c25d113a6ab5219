import { describe, expect, it } from 'vitest';
import { abortError, onAbort, wholeNumber } from './authoring.ts';
import { TransportError } from './errors.ts';

describe('wholeNumber', () => {
  it('takes what is in range, or the default, and nothing else', () => {
    expect(wholeNumber('size', 5, 7, 1, 9)).toBe(5);
    expect(wholeNumber('size', undefined, 7, 1, 9)).toBe(7);
    expect(wholeNumber('time', 2 ** 31 - 1, 7, 1)).toBe(2 ** 31 - 1);
    for (const bad of [
      0,
      10,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '5' as never,
      null as never,
    ]) {
      expect(() => wholeNumber('size', bad, 7, 1, 9)).toThrow(
        expect.objectContaining({ code: 'argument', message: expect.stringContaining('size') }),
      );
    }
    expect(() => wholeNumber('time', 2 ** 31, 7, 1)).toThrow(TransportError);
  });
});

describe('signals', () => {
  it('become errors that keep the reason', () => {
    const reason = new Error('enough');
    expect(abortError('dial', AbortSignal.abort(reason))).toMatchObject({
      code: 'aborted',
      message: 'dial: aborted',
      cause: reason,
    });
  });

  it('are listened to until told otherwise', () => {
    const controller = new AbortController();
    const heard: string[] = [];
    onAbort(controller.signal, () => heard.push('kept'));
    onAbort(controller.signal, () => heard.push('forgotten'))();
    onAbort(undefined, () => heard.push('never'))();
    controller.abort();
    expect(heard).toEqual(['kept']);
  });
});
