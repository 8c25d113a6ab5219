import { TransportError } from '@shoal/transport';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  type GatewayMessage,
  KEY_LENGTH,
} from './gateway-message.ts';

const characters = [...'ABCXYZabcxyz0189._~-'];
const name = fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 22 });
const noName = fc.constant('');
const address = fc.oneof(
  fc.constantFrom('10.0.0.1:7946', '[fe80::1%eth0]:1', 'db-1.example:65535!tab'),
  fc.constant(`${'x'.repeat(253)}:1`),
);
const bytes = fc.uint8Array({ maxLength: 2000 });
const key = fc.uint8Array({ minLength: KEY_LENGTH, maxLength: KEY_LENGTH });

const message: fc.Arbitrary<GatewayMessage> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    version: fc.constant(1),
    name: fc.oneof(name, noName),
    key: fc.oneof(key, fc.constant(new Uint8Array(0))),
  }),
  fc.record({ type: fc.constant('send' as const), to: address, bytes }),
  fc.record({ type: fc.constant('deliver' as const), from: address, bytes }),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const) }),
  fc.record({
    type: fc.constant('welcome' as const),
    address,
    key,
    maxDatagramSize: fc.integer({ min: 1, max: 65_535 }),
  }),
  fc.record({
    type: fc.constant('refused' as const),
    reason: fc.constantFrom('version' as const, 'name' as const, 'full' as const),
    text: fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  }),
);

/** The error's code, or "fine". */
function verdict(run: () => unknown): string {
  try {
    run();
    return 'fine';
  } catch (error) {
    return error instanceof TransportError ? error.code : String(error);
  }
}

describe("the messages on a client's connection", () => {
  it('are decoded as they were encoded', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeGatewayMessage(encodeGatewayMessage(value))).toEqual(value);
      }),
    );
  });

  it('are refused with protocol when they are cut, mutated or random', () => {
    const kind = fc.constantFrom(0x01, 0x02, 0x03, 0x81, 0x82, 0x83, 0x84);
    const random = fc.tuple(kind, fc.uint8Array({ maxLength: 100 })).map(([first, rest]) => {
      return Uint8Array.of(first, ...rest);
    });
    fc.assert(
      fc.property(fc.oneof(random, fc.uint8Array()), (frame) => {
        expect(['fine', 'protocol']).toContain(verdict(() => decodeGatewayMessage(frame)));
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), (value, at, byte) => {
        const frame = encodeGatewayMessage(value);
        const cut = frame.subarray(0, at % frame.length);
        expect(['fine', 'protocol']).toContain(verdict(() => decodeGatewayMessage(cut)));
        frame[at % frame.length] = byte;
        expect(['fine', 'protocol']).toContain(verdict(() => decodeGatewayMessage(frame)));
      }),
      { numRuns: 1000 },
    );
  });

  it('of another version are distinguished from garbage', () => {
    expect(decodeGatewayMessage(Uint8Array.of(1, 9, 255, 255))).toMatchObject({ version: 9 });
    expect(verdict(() => decodeGatewayMessage(Uint8Array.of(1)))).toBe('protocol');
  });

  it('are not encoded with addresses that do not fit', () => {
    for (const to of ['x'.repeat(256), 'ü:1', 'a b:1']) {
      const send = { type: 'send', to, bytes: new Uint8Array(0) } as const;
      expect(verdict(() => encodeGatewayMessage(send))).toBe('protocol');
    }
  });
});
