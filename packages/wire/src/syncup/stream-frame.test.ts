import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../errors.ts';
import {
  decodeAck,
  decodeStreamFrame,
  decodeStreamReply,
  decodeStreamStart,
  encodeAck,
  encodeStreamFrame,
  encodeStreamReply,
  encodeStreamStart,
} from './stream-frame.ts';

const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
);
const frame = fc.record({
  vlsn: u64,
  type: fc.nat(255),
  payload: fc.uint8Array({ maxLength: 300 }),
});

describe('stream frames', () => {
  it('round-trip, with either CRC-32 function', () => {
    fc.assert(
      fc.property(frame, (value) => {
        const bytes = encodeStreamFrame(value);
        expect(decodeStreamFrame(bytes)).toEqual(value);
        expect(encodeStreamFrame(value, { crc32: zlibCrc32 })).toEqual(bytes);
        expect(decodeStreamFrame(bytes, { crc32: zlibCrc32 })).toEqual(value);
      }),
    );
  });

  it('are refused if any bit of the payload or its checksum changes', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.nat(7), (value, position, bit) => {
        const bytes = encodeStreamFrame(value);
        const checked = bytes.length - 13;
        bytes[13 + (position % checked)]! ^= 1 << bit;
        expect(() => decodeStreamFrame(bytes)).toThrow(
          expect.objectContaining({ code: 'checksum', offset: 13 }),
        );
      }),
    );
  });

  it('are refused if they are truncated or have an extra byte', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (value, cut) => {
        const bytes = encodeStreamFrame(value);
        expect(() => decodeStreamFrame(bytes.subarray(0, cut % bytes.length))).toThrow(WireError);
        const longer = new Uint8Array([...bytes, 1]);
        expect(() => decodeStreamFrame(longer)).toThrow(
          expect.objectContaining({ code: 'length' }),
        );
        expect(decodeStreamFrame(longer, { lenient: true })).toEqual(value);
      }),
    );
  });

  it('decode arbitrary bytes to a frame that encodes to them, or throw a WireError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect(encodeStreamFrame(decodeStreamFrame(bytes))).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });

  it('come with start requests, acks and replies, which round-trip and are exact', () => {
    fc.assert(
      fc.property(u64, (vlsn) => {
        expect(decodeAck(encodeAck(vlsn))).toBe(vlsn);
        expect(decodeStreamStart(encodeStreamStart(vlsn))).toBe(vlsn);
      }),
    );
    for (const reply of ['serve', 'restore'] as const) {
      expect(decodeStreamReply(encodeStreamReply(reply))).toBe(reply);
    }
    const code = (code: string): unknown => expect.objectContaining({ code });
    expect(() => decodeStreamReply(Uint8Array.of(2))).toThrow(code('variant'));
    expect(() => decodeStreamReply(Uint8Array.of())).toThrow(code('truncated'));
    expect(() => decodeAck(new Uint8Array(7))).toThrow(code('truncated'));
    expect(() => decodeAck(new Uint8Array(9))).toThrow(code('trailing'));
    expect(() => encodeAck(-1n)).toThrow(code('range'));
    expect(() => encodeStreamFrame({ vlsn: 1n, type: 256, payload: new Uint8Array(0) })).toThrow(
      code('range'),
    );
  });
});
