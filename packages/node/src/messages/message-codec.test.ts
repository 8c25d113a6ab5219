import type { Configuration } from '@shoal/consensus';
import { crc32, WireError } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damaged, hex, nodeName, u64 } from '../../test/arbitraries.test-helper.ts';
import { decodeFrame, encodeFrame, type Frame, MAX_FRAME_BYTES } from './message-codec.ts';

const A = '00112233445566778899aabbccddeeff';
const B = 'ffffffffffffffffffffffffffffff01';
/** The bytes of `A`, of `B` and of the term 258. */
const a = '00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff';
const b = 'ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff 01';
const t = '02 01 00 00 00 00 00 00';
const position = { term: 3n, index: 7n };
const logEnd = '03 00 00 00 00 00 00 00 07 00 00 00 00 00 00 00';
const voters = [
  { name: 'a', storeId: A },
  { name: 'b', storeId: B },
];

/** Frames and their bytes, which were put together by hand, with checksums of Python's zlib. */
const EXAMPLES: readonly (readonly [Frame, string])[] = [
  [
    { type: 'hello', label: 0x01020304, from: 'a', to: 'é' },
    '01 53 48 43 4e 01 04 03 02 01 01 61 02 c3 a9 42 2e ce 83',
  ],
  [{ type: 'preVoteRequest', term: 258n, logId: undefined }, `02 ${t} 00 53 90 23 05`],
  [{ type: 'preVoteRequest', term: 258n, logId: A }, `02 ${t} 01 ${a} aa 43 ff 44`],
  [
    {
      type: 'preVoteReply',
      term: 258n,
      granted: true,
      votedTerm: 257n,
      position,
      configuration: { voters },
    },
    `03 ${t} 01 01 01 00 00 00 00 00 00 ${logEnd} 02 01 61 ${a} 01 62 ${b} be 2b 4e 89`,
  ],
  [
    {
      type: 'preVoteReply',
      term: 258n,
      granted: false,
      votedTerm: 257n,
      position,
      configuration: undefined,
    },
    `03 ${t} 00 01 01 00 00 00 00 00 00 ${logEnd} 00 d5 98 88 ee`,
  ],
  [
    { type: 'voteRequest', term: 258n, life: A, logId: B, founding: ['b', 'a'] },
    `04 ${t} ${a} 01 ${b} 02 01 62 01 61 e1 8a cc 55`,
  ],
  [
    { type: 'voteRequest', term: 258n, life: A, logId: undefined, founding: undefined },
    `04 ${t} ${a} 00 00 40 6d e2 5f`,
  ],
  [
    { type: 'grant', term: 258n, life: A, storeId: B, position },
    `05 ${t} ${a} ${b} ${logEnd} 4a 75 21 dd`,
  ],
  [
    { type: 'refusal', term: 258n, reason: 'voted', votedTerm: 259n, storeId: A },
    `06 ${t} 00 03 01 00 00 00 00 00 00 ${a} e0 d3 92 ad`,
  ],
  [
    { type: 'refusal', term: 258n, reason: 'other-log', votedTerm: 259n, storeId: A },
    `06 ${t} 01 03 01 00 00 00 00 00 00 ${a} ee 43 19 08`,
  ],
  [
    { type: 'refusal', term: 258n, reason: 'other-voters', votedTerm: 259n, storeId: A },
    `06 ${t} 02 03 01 00 00 00 00 00 00 ${a} bd f5 f4 3d`,
  ],
  [
    { type: 'refusal', term: 258n, reason: 'impossible-term', votedTerm: 259n, storeId: A },
    `06 ${t} 03 03 01 00 00 00 00 00 00 ${a} b3 65 7f 98`,
  ],
  [
    { type: 'heartbeat', term: 258n, commit: 9n, logId: A },
    `07 ${t} 09 00 00 00 00 00 00 00 01 ${a} d0 09 5b 44`,
  ],
  [
    { type: 'acknowledgement', term: 258n, storeId: A, index: 9n },
    `08 ${t} ${a} 09 00 00 00 00 00 00 00 33 21 ce 6c`,
  ],
  [{ type: 'campaignNow', term: 258n }, `09 ${t} 3c ae f8 ae`],
];

const id = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => hex(bytes).replaceAll(' ', ''));
const optionalId = fc.option(id, { nil: undefined });
const end = fc.record({ term: u64, index: u64 });
const names = fc.uniqueArray(nodeName, { minLength: 1, maxLength: 64 });
/** Sorted with the comparison that the format asks for, not with the code under test. */
const configuration: fc.Arbitrary<Configuration> = fc
  .tuple(names, id)
  .map(([all, storeId]) => ({ voters: all.sort().map((name) => ({ name, storeId })) }));

/** The type a literal, the other fields arbitrary. */
function type<T extends Frame['type']>(name: T): fc.Arbitrary<T> {
  return fc.constant(name);
}

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: type('hello'),
    label: fc.nat({ max: 0xffff_ffff }),
    from: nodeName,
    to: nodeName,
  }),
  fc.record({ type: type('preVoteRequest'), term: u64, logId: optionalId }),
  fc.record({
    type: type('preVoteReply'),
    term: u64,
    granted: fc.boolean(),
    votedTerm: u64,
    position: end,
    configuration: fc.option(configuration, { nil: undefined }),
  }),
  fc.record({
    type: type('voteRequest'),
    term: u64,
    life: id,
    logId: optionalId,
    founding: fc.option(names, { nil: undefined }),
  }),
  fc.record({ type: type('grant'), term: u64, life: id, storeId: id, position: end }),
  fc.record({
    type: type('refusal'),
    term: u64,
    reason: fc.constantFrom('voted', 'other-log', 'other-voters', 'impossible-term'),
    votedTerm: u64,
    storeId: id,
  }),
  fc.record({ type: type('heartbeat'), term: u64, commit: u64, logId: optionalId }),
  fc.record({ type: type('acknowledgement'), term: u64, storeId: id, index: u64 }),
  fc.record({ type: type('campaignNow'), term: u64 }),
);

/** The bytes of hexadecimal digits, and a valid checksum. */
function sealed(text: string): Uint8Array {
  const bytes = Uint8Array.from(text.trim().split(/\s+/), (byte) => Number.parseInt(byte, 16));
  const sum = new DataView(new ArrayBuffer(4));
  sum.setUint32(0, crc32(bytes), true);
  return Uint8Array.of(...bytes, ...new Uint8Array(sum.buffer));
}

/** The code of the WireError with which bytes are refused; undefined if they are not. */
function refusalOf(bytes: Uint8Array): string | undefined {
  try {
    decodeFrame(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}

/** `count` names of three bytes, ascending. */
function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${String(i).padStart(2, '0')}`);
}

/** As `name:text8`, in hexadecimal digits. */
function nameBytes(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return hex(Uint8Array.of(bytes.length, ...bytes));
}

/** A preVoteReply with these voters, whether or not they are allowed. */
function replyWith(all: readonly string[]): Uint8Array {
  const list = all.map((name) => `${nameBytes(name)} ${a}`).join(' ');
  return sealed(`03 ${t} 01 ${t} ${logEnd} ${hex(Uint8Array.of(all.length))} ${list}`);
}

/** A voteRequest that founds a cluster with these voters, whether or not they are allowed. */
function requestWith(all: readonly string[]): Uint8Array {
  const list = all.map(nameBytes).join(' ');
  return sealed(`04 ${t} ${a} 00 ${hex(Uint8Array.of(all.length))} ${list}`);
}

function preVoteReply(all: readonly string[], term = 1n): Frame {
  return {
    type: 'preVoteReply',
    term,
    granted: true,
    votedTerm: term,
    position: { term, index: term },
    configuration: { voters: all.map((name) => ({ name, storeId: A })) },
  };
}

function voteRequest(founding: readonly string[], logId?: string): Frame {
  return { type: 'voteRequest', term: 1n, life: A, logId, founding };
}

describe('frames', () => {
  it('are decoded as they were encoded', () => {
    fc.assert(
      fc.property(frame, (value) => {
        const bytes = encodeFrame(value);
        expect(bytes.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
        expect(decodeFrame(bytes)).toEqual(value);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(EXAMPLES)('have the bytes that are documented: $type', (value, bytes) => {
    expect(hex(encodeFrame(value))).toBe(bytes);
    expect(decodeFrame(encodeFrame(value))).toStrictEqual(value);
  });

  it('have an example of each type and each opcode', () => {
    const opcodes = new Set(EXAMPLES.map(([, bytes]) => bytes.slice(0, 2)));
    expect([...opcodes]).toEqual(['01', '02', '03', '04', '05', '06', '07', '08', '09']);
    expect(new Set(EXAMPLES.map(([value]) => value.type)).size).toBe(9);
  });

  it('without founding voters may leave them out', () => {
    const { founding: _, ...request } = { ...voteRequest([]), founding: undefined };
    expect(decodeFrame(encodeFrame(request as Frame))).toEqual(request);
  });

  it('take at most MAX_FRAME_BYTES, which the longest one does', () => {
    const longNames = namesOf(64).map((name) => name.padEnd(64, 'x'));
    const most = (1n << 64n) - 1n;
    expect(encodeFrame(preVoteReply(longNames, most)).length).toBe(MAX_FRAME_BYTES);
    // What the other types with fields of variable length take at most.
    expect(encodeFrame(voteRequest(longNames, A)).length).toBeLessThan(MAX_FRAME_BYTES);
    const [from, to] = [longNames[0]!, longNames[1]!];
    const hello = encodeFrame({ type: 'hello', label: 0xffff_ffff, from, to });
    expect(hello.length).toBeLessThan(MAX_FRAME_BYTES);
  });
});

describe('damaged frames', () => {
  const all = EXAMPLES.map(([value]) => encodeFrame(value));

  it('are refused if any bit is flipped', () => {
    for (const bytes of all) {
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const copy = bytes.slice();
        copy[bit >> 3]! ^= 1 << (bit & 7);
        // Only a flip in the opcode may be found to be something else.
        const expected = bit < 8 ? /^(variant|checksum)$/ : /^checksum$/;
        expect(refusalOf(copy), `bit ${bit} of ${hex(bytes)}`).toMatch(expected);
      }
    }
  });

  it('are refused if they are cut off anywhere', () => {
    for (const bytes of all) {
      for (let length = 0; length < bytes.length; length++) {
        const expected = length < 5 ? 'truncated' : 'checksum';
        expect(refusalOf(bytes.slice(0, length)), `${length} bytes of ${hex(bytes)}`).toBe(
          expected,
        );
      }
    }
    expect(refusalOf(new Uint8Array(0))).toBe('truncated');
    // The checksum is right, but a field is missing.
    expect(refusalOf(sealed('09 02 01 00 00 00 00'))).toBe('truncated');
  });

  it('are refused if any byte follows, under a checksum or not', () => {
    for (const bytes of all) {
      for (const extra of [0, 1, 0xff]) {
        expect(refusalOf(Uint8Array.of(...bytes, extra))).toBe('checksum');
        const body = hex(bytes.subarray(0, -4));
        expect(refusalOf(sealed(`${body} ${hex(Uint8Array.of(extra))}`))).toBe('trailing');
      }
    }
  });

  it('of random bytes are refused with a WireError, or were not damaged', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ minLength: 1, maxLength: 100 }).map((body) => sealed(hex(body))),
      damaged(frame.map(encodeFrame)),
    );
    fc.assert(
      fc.property(bytes, (found) => {
        if (refusalOf(found) !== undefined) return;
        expect(encodeFrame(decodeFrame(found))).toEqual(found);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('frames that break a rule, with a valid checksum', () => {
  it('are refused for an unknown opcode', () => {
    for (const opcode of ['00', '0a', 'ff'])
      expect(refusalOf(sealed(`${opcode} ${t}`))).toBe('variant');
  });

  it('are refused for an unknown reason or flag', () => {
    for (const reason of ['04', 'ff']) {
      expect(refusalOf(sealed(`06 ${t} ${reason} ${t} ${a}`))).toBe('variant');
    }
    for (const flag of ['02', 'ff']) {
      expect(refusalOf(sealed(`03 ${t} ${flag} ${t} ${logEnd} 00`))).toBe('variant');
      expect(refusalOf(sealed(`02 ${t} ${flag} ${a}`))).toBe('variant');
    }
  });

  it('are refused for another magic or version', () => {
    expect(refusalOf(sealed('01 53 48 50 52 01 00 00 00 00 01 61 01 62'))).toBe('magic');
    expect(refusalOf(sealed('01 53 48 43 4e 02 00 00 00 00 01 61 01 62'))).toBe('version');
  });

  it('are refused for a name that is empty, too long or not UTF-8', () => {
    expect(refusalOf(requestWith(['x'.repeat(64)]))).toBeUndefined();
    expect(refusalOf(requestWith(['x'.repeat(65)]))).toBe('length');
    expect(refusalOf(requestWith(['']))).toBe('length');
    expect(refusalOf(sealed(`04 ${t} ${a} 00 01 01 ff`))).toBe('utf8');
  });

  it('are refused for more than 64 voters', () => {
    for (const make of [replyWith, requestWith]) {
      expect(refusalOf(make(namesOf(64)))).toBeUndefined();
      expect(refusalOf(make(namesOf(65)))).toBe('length');
    }
  });

  it('are refused for voters out of order, or named twice', () => {
    expect(refusalOf(replyWith(['a', 'b', 'c']))).toBeUndefined();
    for (const wrong of [
      ['b', 'a'],
      ['a', 'c', 'b'],
      ['a', 'a'],
      ['a', 'b', 'a'],
    ]) {
      expect(refusalOf(replyWith(wrong))).toBe('variant');
    }
    // JavaScript compares UTF-16 units: U+1F600 is D83D DE00, and comes before U+FF21.
    expect(refusalOf(replyWith(['\u{1f600}', '\uff21']))).toBeUndefined();
    expect(refusalOf(replyWith(['\uff21', '\u{1f600}']))).toBe('variant');
  });

  it('are refused for a founding voter that is named twice, in any order otherwise', () => {
    expect(refusalOf(requestWith(['c', 'a', 'b']))).toBeUndefined();
    expect(refusalOf(requestWith(['c', 'a', 'c']))).toBe('variant');
  });
});

describe('encodeFrame', () => {
  it('throws for more than 64 voters', () => {
    expect(() => encodeFrame(preVoteReply(namesOf(65)))).toThrow(WireError);
    expect(() => encodeFrame(voteRequest(namesOf(65)))).toThrow(WireError);
  });

  it('throws for names, ids and numbers that have no bytes', () => {
    for (const name of ['', 'x'.repeat(65), 'é'.repeat(33), '\ud800']) {
      expect(() => encodeFrame(voteRequest([name]))).toThrow(WireError);
    }
    for (const wrong of ['', A.slice(2), `${A}00`, A.toUpperCase(), A.replace('0', 'g')]) {
      expect(() => encodeFrame(voteRequest(['a'], wrong))).toThrow(WireError);
    }
    for (const term of [-1n, 1n << 64n]) {
      expect(() => encodeFrame({ type: 'campaignNow', term })).toThrow(WireError);
    }
  });
});
