import { WireError } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeNodeMetadata,
  encodeNodeMetadata,
  MAX_APPLICATION_BYTES,
  type NodeMetadata,
  type Role,
} from './members/node-metadata.ts';
import { markedTerm, termMark } from './replication/term-marks.ts';
import { epochOf, formatTerm, MAX_EPOCH, nextTerm, termOf } from './votes/term.ts';
import {
  decodeVoteMessage,
  encodeVoteMessage,
  isAhead,
  type VoteMessage,
} from './votes/vote-message.ts';

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const u32 = fc.nat({ max: 0xffff_ffff });
const name = fc.string({ minLength: 1, maxLength: 16, unit: 'grapheme' }).filter((text) => {
  const { length } = new TextEncoder().encode(text);
  return length >= 1 && length <= 64;
});
const address = fc.constantFrom('10.0.0.1:7946', '[::1]:80', 'node-1.example:1');
const role = fc.constantFrom<Role>('member', 'leader', 'follower');

const metadata: fc.Arbitrary<NodeMetadata> = fc.record(
  {
    name,
    role,
    term: u64,
    streamAddress: address,
    webSocketAddress: address,
    application: fc.uint8Array({ maxLength: MAX_APPLICATION_BYTES }),
  },
  { requiredKeys: ['name', 'role', 'term', 'application'] },
);

const message: fc.Arbitrary<VoteMessage> = fc.oneof(
  fc.record({
    type: fc.constant('request' as const),
    label: u32,
    term: u64,
    candidate: name,
    voter: name,
  }),
  fc.record({
    type: fc.constant('reply' as const),
    granted: fc.boolean(),
    votedTerm: u64,
    position: fc.record({ term: u64, last: u64 }),
    voter: name,
  }),
);

/** Cut, lengthened, or with one byte changed. */
const damaged = (bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc.tuple(bytes, fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 2 })).map(([all, at, by, how]) => {
    if (how === 0) return all.slice(0, at % (all.length + 1));
    if (how === 1) return Uint8Array.of(...all, by);
    const copy = all.slice();
    copy[at % copy.length]! ^= by;
    return copy;
  });

describe('metadata', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(metadata, (value) => {
        expect(decodeNodeMetadata(encodeNodeMetadata(value))).toEqual(value);
      }),
    );
  });

  it('of others is undefined or within its bounds, never an error', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 512 }),
      damaged(metadata.map(encodeNodeMetadata)),
    );
    fc.assert(
      fc.property(bytes, (found) => {
        const read = decodeNodeMetadata(found);
        if (read === undefined) return;
        expect(encodeNodeMetadata(read)).toEqual(found);
      }),
      { numRuns: 2000 },
    );
  });

  it('fits into an identity with the longest values, and is refused beyond', () => {
    const longest = {
      name: 'n'.repeat(64),
      role: 'leader',
      term: 1n,
      streamAddress: 's'.repeat(128),
      webSocketAddress: 'w'.repeat(128),
      application: new Uint8Array(MAX_APPLICATION_BYTES),
    } as const;
    expect(encodeNodeMetadata(longest).length).toBeLessThanOrEqual(512);
    for (const wrong of [
      { name: '' },
      { name: 'n'.repeat(65) },
      { streamAddress: 's'.repeat(129) },
      { application: new Uint8Array(MAX_APPLICATION_BYTES + 1) },
    ]) {
      const encode = (): unknown => encodeNodeMetadata({ ...longest, ...wrong });
      expect(encode).toThrow(expect.objectContaining({ code: 'argument' }));
    }
  });

  it('has the bytes that are documented', () => {
    const value = { name: 'a', role: 'leader', term: 258n, application: Uint8Array.of(9) } as const;
    const bytes = '4e 01 01 00 02 01 00 00 00 00 00 00 01 61 09';
    expect(hex(encodeNodeMetadata(value))).toBe(bytes);
  });
});

describe('promises', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeVoteMessage(encodeVoteMessage(value))).toEqual(value);
      }),
    );
  });

  it('that are damaged are refused with a WireError, or are others', () => {
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
      '01 53 48 50 52 01 01 00 00 00 02 01 00 00 00 00 00 00 01 61 01 62',
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
        '07 00 00 00 00 00 00 00 01 62',
    );
  });

  it('of two positions the later term counts first', () => {
    expect(isAhead({ term: 2n, last: 1n }, { term: 1n, last: 9n })).toBe(true);
    expect(isAhead({ term: 1n, last: 9n }, { term: 1n, last: 8n })).toBe(true);
    expect(isAhead({ term: 1n, last: 9n }, { term: 1n, last: 9n })).toBe(false);
    expect(isAhead({ term: 1n, last: 9n }, { term: 2n, last: 1n })).toBe(false);
  });
});

describe('terms', () => {
  it('grow with the epoch, and within it with the round', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, MAX_EPOCH), u64, (epoch, votedTerm) => {
        const next = nextTerm(epoch, votedTerm);
        if (next === undefined) expect(epochOf(votedTerm + 1n) > epoch).toBe(true);
        else {
          expect(epochOf(next)).toBe(epoch);
          expect(next > votedTerm).toBe(true);
        }
      }),
    );
    expect(formatTerm(termOf(5n, 3n))).toBe('5.3');
    expect(() => termOf(MAX_EPOCH + 1n, 0n)).toThrow(expect.objectContaining({ code: 'argument' }));
    expect(() => termOf(0n, 1n << 20n)).toThrow(expect.objectContaining({ code: 'argument' }));
  });

  it('are marked by entries that say which', () => {
    fc.assert(fc.property(u64, (term) => markedTerm(termMark(term)) === term));
    expect(markedTerm({ type: 1, payload: new Uint8Array(8) })).toBeUndefined();
    expect(markedTerm({ type: 3, payload: new Uint8Array(7) })).toBeUndefined();
  });
});

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
