import { describe, expect, it } from 'vitest';
import { toHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { encodeCompound } from './compound.ts';

describe('encodeCompound', () => {
  it('writes the number, the lengths, then the parts', () => {
    const parts = [Uint8Array.of(1), Uint8Array.of(2, 3)];
    expect(toHex(encodeCompound(parts))).toBe('070200010002010203');
  });

  it('refuses more than 255 parts, none, and a part that is too long', () => {
    const part = Uint8Array.of(1);
    expect(encodeCompound(Array(255).fill(part))).toHaveLength(2 + 255 * 3);
    expect(codeOf(() => encodeCompound(Array(256).fill(part)))).toBe('capacity');
    expect(codeOf(() => encodeCompound([]))).toBe('capacity');
    expect(codeOf(() => encodeCompound([new Uint8Array(65_536)]))).toBe('capacity');
  });
});
