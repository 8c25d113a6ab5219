import { describe, expect, it } from 'vitest';
import { decode } from '../../test/codec.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import type { Codec } from '../bytes/codec.ts';
import * as bincode from './bincode.ts';

describe('bincode', () => {
  it.each([
    ['u16', bincode.u16, [251, 250, 0], 'overlong'],
    ['u16', bincode.u16, [252, 0, 0, 1, 0], 'range'],
    ['u32', bincode.u32, [252, 0xff, 0xff, 0, 0], 'overlong'],
    ['u32', bincode.u32, [253, 0, 0, 0, 0, 1, 0, 0, 0], 'range'],
    ['u64', bincode.u64, [253, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], 'overlong'],
    ['u64', bincode.u64, [254, 1], 'range'],
    ['u64', bincode.u64, [255], 'range'],
  ] as [string, Codec<unknown>, number[], string][])(
    'refuses as %s: %#',
    (_n, codec, bytes, code) => {
      expect(codeOf(() => decode(codec, Uint8Array.from(bytes)))).toBe(code);
    },
  );
});
