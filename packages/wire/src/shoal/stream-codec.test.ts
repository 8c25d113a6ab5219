import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../errors.ts';
import { encodeSyncup } from '../syncup/syncup-codec.ts';
import type { ShoalStreamMessage } from './shoal-stream.ts';
import { decodeShoalStream, encodeShoalStream } from './stream-codec.ts';
import { encodeEntries } from './stream-entries.ts';

const u8 = fc.nat(255);
const u32 = fc.nat(0xffff_ffff);
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const size = fc.maxSafeNat();
const text = fc.string({ unit: 'grapheme-composite', maxLength: 30 });
const bytes = fc.uint8Array({ maxLength: 60 });

const anyMessage: fc.Arbitrary<ShoalStreamMessage> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    versionMin: u8,
    versionMax: u8,
    features: u32,
    label: u32,
    term: u64,
    name: text,
  }),
  fc.record({
    type: fc.constant('welcome' as const),
    version: u8,
    features: u32,
    label: u32,
    term: u64,
    first: u64,
    last: u64,
  }),
  fc.record({
    type: fc.constant('entries' as const),
    firstVlsn: u64,
    entries: fc.array(fc.record({ type: u8, payload: bytes }), { minLength: 1, maxLength: 8 }),
  }),
  fc.record({
    type: fc.constant('chainedEntries' as const),
    fingerprint: u64,
    firstVlsn: u64,
    count: fc.integer({ min: 1, max: 0xffff_ffff }),
  }),
  fc.record({ type: fc.constant('ack' as const), vlsn: u64 }),
  fc.record({
    type: fc.constant('heartbeat' as const),
    term: u64,
    last: u64,
    durable: u64,
    time: size,
  }),
  fc.record({ type: fc.constant('restoreResume' as const), snapshot: u64, offset: size }),
  fc.record({
    type: fc.constant('restoreBegin' as const),
    snapshot: u64,
    size,
    offset: size,
    last: u64,
  }),
  fc.record({ type: fc.constant('restoreChunk' as const), offset: size, bytes }),
  fc.record({ type: fc.constant('restoreEnd' as const), size, digest: u64 }),
  fc.record({ type: fc.constant('goodbye' as const), code: fc.nat(0xffff), reason: text }),
  fc.record({ type: fc.constant('entryRequest' as const), vlsn: fc.bigInt(-1n, 2n ** 63n - 1n) }),
);

describe('shoal stream codec', () => {
  it('round-trips every message, with either CRC-32 function', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const frame = encodeShoalStream(message);
        expect(decodeShoalStream(frame)).toEqual(message);
        expect(encodeShoalStream(message, { crc32: zlibCrc32 })).toEqual(frame);
      }),
    );
  });

  it('refuses a mutated frame, or reads the message that encodes to it', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, flip) => {
        const frame = encodeShoalStream(message);
        const checked = message.type === 'entries' || message.type === 'restoreChunk';
        const position = at % frame.length;
        frame[position]! ^= flip;
        try {
          const read = decodeShoalStream(frame);
          expect(checked && position > 0).toBe(false);
          const again = encodeShoalStream(read);
          expect(frame.subarray(0, again.length)).toEqual(again);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a truncated frame; only a hello and a welcome may be longer', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, cut) => {
        const frame = encodeShoalStream(message);
        expect(() => decodeShoalStream(frame.subarray(0, cut % frame.length))).toThrow(WireError);
        const longer = new Uint8Array([...frame, 7]);
        if (message.type === 'hello' || message.type === 'welcome') {
          expect(decodeShoalStream(longer)).toEqual(message);
        } else expect(() => decodeShoalStream(longer)).toThrow(WireError);
      }),
    );
  });

  it('throws only a WireError, whatever follows an opcode', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.uint8Array({ maxLength: 80 }), (opcode, body) => {
        try {
          decodeShoalStream(new Uint8Array([opcode, ...body]));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses an impossible count of entries before it allocates memory', () => {
    const frame = encodeShoalStream({
      type: 'entries',
      firstVlsn: 1n,
      entries: [{ type: 1, payload: new Uint8Array(3) }],
    });
    frame.fill(0xff, 13, 17);
    const crc = zlibCrc32(frame.subarray(5));
    new DataView(frame.buffer).setUint32(1, crc, true);
    expect(() => decodeShoalStream(frame)).toThrow(
      expect.objectContaining({ code: 'length', offset: 13 }),
    );
  });

  it('encodes the syncup messages like Noxu', () => {
    const message = { type: 'startStream', startVlsn: 9n } as const;
    expect(encodeShoalStream(message)).toEqual(encodeSyncup(message));
  });

  it('encodes the frame after chainedEntries like the list in an entries message', () => {
    const list = fc.array(fc.record({ type: u8, payload: bytes }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(list, (entries) => {
        const message = encodeShoalStream({ type: 'entries', firstVlsn: 1n, entries });
        expect(encodeEntries(entries)).toEqual(message.subarray(17));
      }),
    );
  });

  it('refuses values that do not fit their field', () => {
    const code = (code: string): unknown => expect.objectContaining({ code });
    expect(() => encodeShoalStream({ type: 'entries', firstVlsn: 1n, entries: [] })).toThrow(
      code('range'),
    );
    const goodbye = { type: 'goodbye', code: 1, reason: 'x'.repeat(256) } as const;
    expect(() => encodeShoalStream(goodbye)).toThrow(code('length'));
    const chunk = { type: 'restoreChunk', offset: -1, bytes: new Uint8Array(0) } as const;
    expect(() => encodeShoalStream(chunk)).toThrow(code('range'));
  });
});
