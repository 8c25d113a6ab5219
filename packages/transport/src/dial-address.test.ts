import { expect, it } from 'vitest';
import { dialAddress } from './dial-address.ts';

it('returns the parts and the canonical text', () => {
  expect(dialAddress('[::1]:80')).toEqual({ host: '::1', port: 80, text: '[::1]:80' });
  expect(dialAddress('Host:80')).toEqual({ host: 'host', port: 80, text: 'host:80' });
});

it.each(['nonsense', 'host:0', 'host:80!tab'])('refuses %s', (text) => {
  expect(() => dialAddress(text)).toThrow(expect.objectContaining({ code: 'address' }));
});
