import { MAX_GENERATION } from '@shoal/wire/internal';
import { describe, expect, it } from 'vitest';
import { node } from '../../test/harness.test-helper.ts';
import { nodeTraits, withMetadata } from './identity.ts';

describe('nodeTraits', () => {
  it('renews to the next generation, with the same metadata', () => {
    expect(nodeTraits.renew(node('a', 5, 'x'))).toEqual(node('a', 6, 'x'));
    expect(nodeTraits.renew(node('a', 5), node('a', 3))).toEqual(node('a', 6));
    expect(withMetadata(node('a', 5), new Uint8Array([1])).generation).toBe(6);
  });

  it('past an earlier life, skips the generations that it may have used', () => {
    // It knows of generation 9000; the earlier life may also have used 9001 or 9002.
    const renewed = nodeTraits.renew(node('a', 5007), node('a', 9000))!;
    expect(nodeTraits.wins(renewed, node('a', 9000))).toBe(true);
    expect(renewed.generation).toBe(9001 + (5007 % 1024));
    // Another life skips to a different one.
    expect(nodeTraits.renew(node('a', 6100), node('a', 9000))).not.toEqual(renewed);
  });

  it('ends with the last generation', () => {
    const last = node('a', MAX_GENERATION);
    expect(nodeTraits.renew(last)).toBeUndefined();
    expect(nodeTraits.renew(node('a', 1), last)).toBeUndefined();
    expect(() => withMetadata(last, new Uint8Array(0))).toThrow(RangeError);
    const lastButOne = node('a', MAX_GENERATION - 1);
    expect(nodeTraits.renew(node('a', 1000), lastButOne)).toEqual(last);
  });
});
