import { ByteWriter } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encryptionWith } from '../../test/aes-gcm.test-helper.ts';
import { streamMessage } from '../../test/arbitraries.test-helper.ts';
import { fromHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { PUSH_PULL_HEADER, USER_HEADER } from '../messages/layouts.ts';
import type { StreamMessage } from '../messages/message.ts';
import { compress } from '../packets/compression.ts';
import { Seal } from '../seal/seal.ts';
import { encodeMemberlistStream } from './stream.ts';
import { MemberlistStreamDecoder } from './stream-decoder.ts';

const key = new Uint8Array(16).fill(7);
const plain = new Seal();
const blue = new Seal({ label: 'blue' });
const secret = new Seal({ encryption: encryptionWith([key]) });
const both = new Seal({ label: 'blue', encryption: encryptionWith([key], { version: 0 }) });
const error: StreamMessage = { type: 'error', error: 'no' };

function decode(bytes: Uint8Array, seal = plain, maxLength?: number): StreamMessage | undefined {
  return new MemberlistStreamDecoder({ seal, from: 'dialer', maxLength }).push(bytes);
}

/** The start of a message, which announces what does not follow. */
function announced(type: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(type);
  write(writer);
  return writer.copy();
}

describe('MemberlistStreamDecoder', () => {
  it('finds the end of a message that arrives in pieces of any size', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        streamMessage,
        fc.constantFrom(plain, blue, secret, both),
        fc.constantFrom('dialer' as const, 'acceptor' as const),
        fc.boolean(),
        sizes,
        (message, seal, from, compressed, steps) => {
          const bytes = encodeMemberlistStream(message, { seal, from, compress: compressed });
          const decoder = new MemberlistStreamDecoder({ seal, from });
          let found: StreamMessage | undefined;
          for (let at = 0, i = 0; at < bytes.length; i++) {
            expect(found).toBeUndefined();
            expect(codeOf(() => decoder.finish())).toBe('truncated');
            const size = steps[i % steps.length]!;
            found = decoder.push(bytes.slice(at, at + size));
            at += size;
          }
          expect(found).toEqual(message);
          decoder.finish();
          expect(decoder.trailing).toBe(0);
          expect(decoder.push(Uint8Array.of(1, 2, 3))).toBeUndefined();
          expect(decoder.trailing).toBe(3);
        },
      ),
    );
  });

  it('counts what follows in the same chunk', () => {
    const bytes = encodeMemberlistStream(error, { seal: plain, from: 'acceptor' });
    const decoder = new MemberlistStreamDecoder({ seal: plain, from: 'acceptor' });
    expect(decoder.push(Uint8Array.of(...bytes, 9, 9))).toEqual(error);
    expect(decoder.trailing).toBe(2);
  });

  it('demands the label of a dialer, and only of a dialer', () => {
    const dialed = encodeMemberlistStream(error, { seal: blue, from: 'dialer' });
    const answer = encodeMemberlistStream(error, { seal: blue, from: 'acceptor' });
    expect(decode(dialed, blue)).toEqual(error);
    expect(codeOf(() => decode(dialed))).toBe('label');
    expect(codeOf(() => decode(answer, blue))).toBe('label');
    const decoder = new MemberlistStreamDecoder({ seal: blue, from: 'acceptor' });
    expect(codeOf(() => decoder.push(dialed))).toBe('variant');
  });

  it('demands encryption, unless clear streams are accepted', () => {
    const clear = encodeMemberlistStream(error, { seal: plain, from: 'dialer' });
    const sealed = encodeMemberlistStream(error, { seal: secret, from: 'dialer' });
    expect(codeOf(() => decode(clear, secret))).toBe('encryption');
    expect(codeOf(() => decode(sealed))).toBe('encryption');
    const lenient = new Seal({ encryption: encryptionWith([key], { acceptClear: true }) });
    expect(decode(clear, lenient)).toEqual(error);
    expect(decode(sealed, lenient)).toEqual(error);
  });

  it.each<[string, Uint8Array]>([
    [
      'nodes',
      announced(6, (w) =>
        PUSH_PULL_HEADER.encode(w, { join: true, nodes: 1_048_577, userStateLength: 0 }),
      ),
    ],
    [
      'user state',
      announced(6, (w) =>
        PUSH_PULL_HEADER.encode(w, { join: true, nodes: 0, userStateLength: 20_971_521 }),
      ),
    ],
    ['a user message', announced(8, (w) => USER_HEADER.encode(w, { length: 20_971_521 }))],
    ['a cipher', fromHex('0a01400001')],
  ])('refuses %s of more than memberlist takes, once announced', (_, bytes) => {
    expect(codeOf(() => decode(bytes))).toBe('length');
  });

  it('reserves nothing for what is only announced', () => {
    const nodes = announced(6, (w) =>
      PUSH_PULL_HEADER.encode(w, { join: true, nodes: 1_048_576, userStateLength: 20_971_520 }),
    );
    for (const bytes of [nodes, fromHex('0a01400000'), fromHex('0981a3427566dbffffffff')]) {
      expect(decode(bytes)).toBeUndefined();
    }
  });

  it('refuses nodes that take no bytes', () => {
    const start = announced(6, (w) =>
      PUSH_PULL_HEADER.encode(w, { join: true, nodes: 1000, userStateLength: 0 }),
    );
    expect(codeOf(() => decode(Uint8Array.of(...start, ...new Uint8Array(1000).fill(0x80))))).toBe(
      'length',
    );
  });

  it('refuses more bytes than allowed, also after decompression', () => {
    const long: StreamMessage = { type: 'user', payload: new Uint8Array(5000) };
    const clear = encodeMemberlistStream(long, { seal: plain, from: 'dialer' });
    expect(codeOf(() => decode(clear.subarray(0, 4000), plain, 3000))).toBe('length');
    const packed = encodeMemberlistStream(long, { seal: plain, from: 'dialer', compress: true });
    expect(packed.length).toBeLessThan(300);
    expect(codeOf(() => decode(packed, plain, 3000))).toBe('length');
    expect(decode(packed, plain, 6000)).toEqual(long);
  });

  it.each([
    ['an unknown type', '6380', 'variant'],
    ['a message of packets', '0480', 'variant'],
    ['no msgpack', '00c1', 'variant'],
    ['a negative count', '0681a54e6f646573ff', 'range'],
  ])('refuses %s', (_, hex, code) => {
    expect(codeOf(() => decode(fromHex(hex)))).toBe(code);
  });

  it('does not decompress twice', () => {
    const inner = compress(Uint8Array.of(13, 0x80));
    expect(codeOf(() => decode(compress(inner)))).toBe('variant');
  });

  it('looks at each byte once: a long message in tiny pieces takes no time', () => {
    const message: StreamMessage = {
      type: 'pushPull',
      join: false,
      nodes: Array.from({ length: 4000 }, (_, i) => ({
        address: Uint8Array.of(10, 0, i >> 8, i & 255),
        incarnation: i,
        meta: undefined,
        name: `node-${i}`,
        port: 7946,
        state: 0,
        versions: Uint8Array.of(1, 5, 2, 0, 0, 0),
      })),
      userState: new Uint8Array(10_000),
    };
    const bytes = encodeMemberlistStream(message, { seal: plain, from: 'dialer' });
    const decoder = new MemberlistStreamDecoder({ seal: plain, from: 'dialer' });
    let found: StreamMessage | undefined;
    for (let at = 0; at < bytes.length; at += 7) found = decoder.push(bytes.subarray(at, at + 7));
    expect(found?.type === 'pushPull' && found.nodes.length).toBe(4000);
  });
});
