import { WireError } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damaged, hex, nodeName, u64 } from '../../test/arbitraries.test-helper.ts';
import { decodeVoteMessage, encodeVoteMessage, type VoteMessage } from './vote-message.ts';

const u32 = fc.nat({ max: 0xffff_ffff });

const message: fc.Arbitrary<VoteMessage> = fc.oneof(
  fc.record({
    type: fc.constant('request' as const),
    label: u32,
    term: u64,
    candidate: nodeName,
    voter: nodeName,
  }),
  fc.record({
    type: fc.constant('reply' as const),
    granted: fc.boolean(),
    votedTerm: u64,
    position: fc.record({ term: u64, last: u64 }),
    voter: nodeName,
  }),
);

describe('vote messages', () => {
  it('are decoded as they were encoded', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeVoteMessage(encodeVoteMessage(value))).toEqual(value);
      }),
    );
  });

  it('of damaged bytes are refused with a WireError, or were not damaged', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      damaged(message.map(encodeVoteMessage)),
    );
    fc.assert(
      fc.property(bytes, (found) => {
        let read: VoteMessage;
        try {
          read = decodeVoteMessage(found);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
          return;
        }
        expect(encodeVoteMessage(read)).toEqual(found);
      }),
      { numRuns: 2000 },
    );
  });

  it('have the bytes that are documented', () => {
    const request = { type: 'request', label: 1, term: 258n, candidate: 'a', voter: 'b' } as const;
    expect(hex(encodeVoteMessage(request))).toBe(
      '01 53 48 50 52 01 01 00 00 00 02 01 00 00 00 00 00 00 01 61 01 62 69 02 fc 53',
    );
    const reply = {
      type: 'reply',
      granted: true,
      votedTerm: 258n,
      position: { term: 1n, last: 7n },
      voter: 'b',
    } as const;
    expect(hex(encodeVoteMessage(reply))).toBe(
      '02 53 48 50 52 01 01 02 01 00 00 00 00 00 00 01 00 00 00 00 00 00 00 ' +
        '07 00 00 00 00 00 00 00 01 62 92 d2 17 f8',
    );
  });
});
