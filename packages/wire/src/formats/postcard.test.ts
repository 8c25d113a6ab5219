import { describe, expect, it } from 'vitest';
import { decode } from '../../test/codec.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import type { Codec } from '../bytes/codec.ts';
import * as postcard from './postcard.ts';

describe('postcard', () => {
  it.each([
    ['u16', postcard.u16, [0x80, 0x00], 'overlong'],
    ['u16', postcard.u16, [0xff, 0xff, 0x04], 'range'],
    ['u32', postcard.u32, [0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 'overlong'],
    ['u32', postcard.u32, [0xff, 0xff, 0xff, 0xff, 0x1f], 'range'],
    ['u64', postcard.u64, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], 'range'],
    ['u64', postcard.u64, new Array(11).fill(0x80), 'overlong'],
    ['u64', postcard.u64, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 'overlong'],
  ] as [string, Codec<unknown>, number[], string][])(
    'refuses as %s: %#',
    (_n, codec, bytes, code) => {
      expect(codeOf(() => decode(codec, Uint8Array.from(bytes)))).toBe(code);
    },
  );
});
