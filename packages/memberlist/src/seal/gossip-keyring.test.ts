import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { GossipKeyring } from './gossip-keyring.ts';

const key = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const [a, b, c] = [key(16, 1), key(24, 2), key(32, 3)] as const;

describe('GossipKeyring', () => {
  it('keeps the primary key first, and each key once', () => {
    const keyring = new GossipKeyring(a, [b, a]);
    keyring.add(c);
    keyring.add(b);
    expect(keyring.keys).toEqual([a, b, c]);
    expect(keyring.use(c)).toBe(true);
    expect(keyring.keys).toEqual([c, a, b]);
    expect(keyring.use(key(16, 9))).toBe(false);
  });

  it('does not remove the primary key', () => {
    const keyring = new GossipKeyring(a, [b]);
    expect(keyring.remove(a)).toBe(false);
    expect(keyring.remove(b)).toBe(true);
    expect(keyring.remove(b)).toBe(true);
    expect(keyring.keys).toEqual([a]);
  });

  it('refuses keys of other lengths, and copies those that it takes', () => {
    for (const length of [0, 15, 17, 33]) {
      expect(codeOf(() => new GossipKeyring(key(length, 1)))).toBe('length');
    }
    const mutable = key(16, 5);
    const keyring = new GossipKeyring(mutable);
    mutable.fill(6);
    expect(keyring.keys).toEqual([key(16, 5)]);
  });
});
