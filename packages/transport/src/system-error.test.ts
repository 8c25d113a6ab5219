import { expect, it } from 'vitest';
import { TransportError } from './errors.ts';
import { systemCode, systemError } from './system-error.ts';

const named = (code: string): Error => Object.assign(new Error('from the system'), { code });

it.each([
  ['EADDRINUSE', 'in-use'],
  ['ECONNRESET', 'reset'],
  ['ENOTFOUND', 'resolve'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'untrusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'untrusted'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'untrusted'],
  ['HOSTNAME_MISMATCH', 'untrusted'],
  ['EMFILE', 'io'],
])('maps %s to %s', (name, code) => {
  const cause = named(name);
  expect(systemError('dial a:1', cause)).toMatchObject({
    code,
    message: `dial a:1: ${name}`,
    cause,
  });
});

it('keeps a TransportError', () => {
  const error = new TransportError('size', 'too long');
  expect(systemError('dial', error)).toBe(error);
});

it('names errors without a code, and values that are not errors', () => {
  expect([new TypeError('x'), 'text', undefined].map(systemCode)).toEqual([
    'TypeError',
    'text',
    'undefined',
  ]);
});
