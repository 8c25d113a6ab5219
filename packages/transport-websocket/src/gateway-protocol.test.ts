import { readFileSync } from 'node:fs';
import { TransportError } from '@shoal/transport';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeGatewayMessage,
  ENVELOPE_OVERHEAD,
  encodeGatewayMessage,
  type GatewayMessage,
  KEY_LENGTH,
  unwrap,
  wrap,
} from './gateway-protocol.ts';

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
  it('are read as they were written', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeGatewayMessage(encodeGatewayMessage(value))).toEqual(value);
      }),
    );
  });

  it('are refused with a named error when they are cut, mutated or random', () => {
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

  it('of another version can still be told from garbage', () => {
    expect(decodeGatewayMessage(Uint8Array.of(1, 9, 255, 255))).toMatchObject({ version: 9 });
    expect(verdict(() => decodeGatewayMessage(Uint8Array.of(1)))).toBe('protocol');
  });

  it('are not written with addresses that do not fit', () => {
    for (const to of ['x'.repeat(256), 'ü:1', 'a b:1']) {
      const send = { type: 'send', to, bytes: new Uint8Array(0) } as const;
      expect(verdict(() => encodeGatewayMessage(send))).toBe('protocol');
    }
  });
});

describe('the envelope', () => {
  it('keeps both names and the bytes, within its overhead', () => {
    fc.assert(
      fc.property(fc.oneof(name, noName), fc.oneof(name, noName), bytes, (from, to, data) => {
        const wrapped = wrap(from, to, data);
        expect(wrapped.length - data.length).toBeLessThanOrEqual(ENVELOPE_OVERHEAD);
        expect(unwrap(wrapped)).toEqual({ source: from, destination: to, bytes: data });
      }),
    );
  });

  it('is refused when it is cut, mutated or random, without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (random, marked) => {
        if (marked) random.set([0xa6, 1].slice(0, random.length));
        const envelope = unwrap(random);
        if (!envelope) return;
        const { source, destination, bytes: data } = envelope;
        expect(wrap(source, destination, data)).toEqual(random);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('docs/gateway-protocol.md', () => {
  const doc = readFileSync(new URL('../../../docs/gateway-protocol.md', import.meta.url), 'utf8');
  const examples = new Map(
    [...doc.matchAll(/^```hex (\w+)\n([\s\S]*?)^```/gm)].map(([, title, body]) => {
      const hex = body!.replace(/#.*$/gm, '').replace(/\s+/g, '');
      return [title!, Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))];
    }),
  );
  const data = Uint8Array.of(0xa5, 0x01, 0x02, 0x03);
  const secret = Uint8Array.from({ length: 16 }, (_, i) => i);
  const expected: Record<string, Uint8Array> = {
    hello: encodeGatewayMessage({ type: 'hello', version: 1, name: 'tab', key: new Uint8Array(0) }),
    welcome: encodeGatewayMessage({
      type: 'welcome',
      address: '10.0.0.1:7946!tab',
      key: secret,
      maxDatagramSize: 1404,
    }),
    resume: encodeGatewayMessage({ type: 'hello', version: 1, name: 'tab', key: secret }),
    send: encodeGatewayMessage({ type: 'send', to: '10.0.0.2:7946', bytes: data }),
    deliver: encodeGatewayMessage({ type: 'deliver', from: '10.0.0.2:7946', bytes: data }),
    refused: encodeGatewayMessage({ type: 'refused', reason: 'full', text: 'busy' }),
    fromClient: wrap('tab', '', data),
    toClient: wrap('', 'tab', data),
    between: wrap('tab', 'phone', data),
    escaped: wrap('', '', Uint8Array.of(0xa6, 0x07)),
  };

  it.each(Object.entries(expected))('has the bytes of the example "%s"', (title, frame) => {
    expect(examples.get(title)).toEqual(frame);
  });

  it('has no other examples', () => {
    expect([...examples.keys()].sort()).toEqual(Object.keys(expected).sort());
  });
});
