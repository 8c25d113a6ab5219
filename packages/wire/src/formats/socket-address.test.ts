import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../test/codec.test-helper.ts';
import * as postcard from './postcard.ts';

describe('socketAddress', () => {
  it.each([
    ['[1:0:0:2:0:0:0:3]:1', '[1:0:0:2::3]:1'],
    ['[0:0:0:0:0:0:0:0]:0', '[::]:0'],
    ['[1:2:3:4:5:6:7:0]:9', '[1:2:3:4:5:6:7:0]:9'],
    ['[1:0:0:2:0:0:3:4]:9', '[1::2:0:0:3:4]:9'],
    ['[FE80::ABCD]:9', '[fe80::abcd]:9'],
    ['[::ffff:1.2.3.4]:5', '[::ffff:1.2.3.4]:5'],
    ['[64:ff9b::1.2.3.4]:5', '[64:ff9b::102:304]:5'],
    ['[::ffff:102:304]:5', '[::ffff:1.2.3.4]:5'],
  ])('writes %s as %s', (given, canonical) => {
    expect(decode(postcard.socketAddress, encode(postcard.socketAddress, given))).toBe(canonical);
  });
});
