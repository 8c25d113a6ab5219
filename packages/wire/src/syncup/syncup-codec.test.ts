import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../errors.ts';
import { decodeSyncup, encodeSyncup } from './syncup-codec.ts';
import type { SyncupMessage } from './syncup-message.ts';

const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const entry = { vlsn: i64, lsn: u64, fingerprint: u64, isSync: fc.boolean() };

const anyMessage: fc.Arbitrary<SyncupMessage> = fc.oneof(
  fc.record({ type: fc.constant('entryRequest' as const), vlsn: i64 }),
  fc.record({ type: fc.constant('entry' as const), ...entry }),
  fc.constant({ type: 'entryNotFound' as const }),
  fc.record({ type: fc.constant('alternateMatchpoint' as const), ...entry }),
  fc.record({ type: fc.constant('startStream' as const), startVlsn: i64 }),
  fc.record({ type: fc.constant('restoreRequest' as const), failedVlsn: i64 }),
  fc.constant({ type: 'restoreResponse' as const }),
);

describe('syncup codec', () => {
  it('round-trips every message', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const bytes = encodeSyncup(message);
        expect(decodeSyncup(bytes)).toEqual(message);
        expect(decodeSyncup(bytes, { lenient: true })).toEqual(message);
      }),
    );
  });

  it('accepts arbitrary bytes only if a message encodes to them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(8), (bytes, opcode) => {
        if (bytes.length > 0) bytes[0] = opcode;
        let message: SyncupMessage;
        try {
          message = decodeSyncup(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
          return;
        }
        expect(encodeSyncup(message)).toEqual(bytes);
      }),
    );
  });

  it('refuses every cut and every extra byte, and says where', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const bytes = encodeSyncup(message);
        for (let length = 0; length < bytes.length; length++) {
          expect(() => decodeSyncup(bytes.subarray(0, length), { lenient: true })).toThrow(
            expect.objectContaining({ code: 'truncated', offset: length }),
          );
        }
        const longer = new Uint8Array([...bytes, 0]);
        expect(() => decodeSyncup(longer)).toThrow(
          expect.objectContaining({ code: 'trailing', offset: bytes.length }),
        );
        expect(decodeSyncup(longer, { lenient: true })).toEqual(message);
      }),
    );
  });

  it('refuses numbers that do not fit, and unknown messages', () => {
    const range = expect.objectContaining({ code: 'range' });
    expect(() => encodeSyncup({ type: 'entryRequest', vlsn: 2n ** 63n })).toThrow(range);
    const bad = { type: 'entry' as const, vlsn: 1n, lsn: -1n, fingerprint: 0n, isSync: true };
    expect(() => encodeSyncup(bad)).toThrow(range);
    expect(() => encodeSyncup({ type: 'hello' } as never)).toThrow(
      expect.objectContaining({ code: 'variant' }),
    );
  });
});
