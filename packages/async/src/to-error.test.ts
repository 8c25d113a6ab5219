import { expect, test } from 'vitest';
import { toError } from './to-error.ts';

test('an error is returned unchanged, and anything else becomes the message of one', () => {
  const error = new TypeError('no');
  expect(toError(error)).toBe(error);
  expect(toError('plain').message).toBe('plain');
  expect(toError(undefined).message).toBe('undefined');
});
