import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { socketAddressText } from '../../test/arbitraries.test-helper.ts';
import { decode, encode } from '../../test/codec.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import * as postcard from '../formats/postcard.ts';
import { interned } from './interned.ts';

describe('interned', () => {
  const identity = postcard.struct({ addr: postcard.socketAddress, bump: postcard.u64 });

  it('decodes the same bytes to the same object, and other bytes to another', () => {
    const codec = interned(identity, { capacity: 64 });
    fc.assert(
      fc.property(
        fc.array(
          fc.record(
            { addr: socketAddressText, bump: fc.bigInt(0n, 300n) },
            { noNullPrototype: true },
          ),
        ),
        (ids) => {
          for (const id of ids) {
            const bytes = encode(identity, id);
            const first = decode(codec, bytes);
            expect(first).toEqual(id);
            expect(decode(codec, bytes)).toBe(first);
          }
        },
      ),
    );
  });

  it('throws what the codec throws, also for truncated bytes', () => {
    const codec = interned(identity);
    const bytes = encode(identity, { addr: '127.0.0.1:1', bump: 300n });
    decode(codec, bytes);
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => decode(codec, bytes.subarray(0, length)))).toBe('truncated');
    }
  });
});
