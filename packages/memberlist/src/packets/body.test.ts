import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../messages/message-codec.ts';
import { readBody } from './body.ts';
import { encodeCompound } from './compound.ts';
import { compress } from './compression.ts';

const LIMIT = 10_000;
const nack = { type: 'nack', seqNo: 8 } as const;
const user = { type: 'user', payload: Uint8Array.of(1, 2) } as const;
const good = encodeMessage(nack);

function codesOf(body: Uint8Array, limit = LIMIT): string[] {
  return readBody(body, limit).errors.map(({ code }) => code);
}

describe('readBody', () => {
  it('reads a bare message, and ignores what follows its body', () => {
    expect(readBody(Uint8Array.of(...good, 9, 9), LIMIT)).toMatchObject({ messages: [nack] });
  });

  it('reads through compounds and compression, in order', () => {
    const inner = compress(encodeCompound([encodeMessage(user), good]));
    const { messages, errors } = readBody(encodeCompound([good, inner, good]), LIMIT);
    expect(messages).toEqual([nack, user, nack, nack]);
    expect(errors).toEqual([]);
  });

  it.each([
    ['an unknown type', Uint8Array.of(99, 0x80), 'variant'],
    ['a message of streams', Uint8Array.of(6, 0x80), 'variant'],
    ['a checksum inside', Uint8Array.of(12, 0, 0, 0, 0), 'variant'],
    ['an empty part', new Uint8Array(0), 'truncated'],
    ['a damaged part', good.subarray(0, 4), 'truncated'],
    ['a damaged compound', Uint8Array.of(7, 3, 0), 'truncated'],
    ['an unknown algorithm', Uint8Array.of(9, 0x81, 0xa4, 0x41, 0x6c, 0x67, 0x6f, 1), 'variant'],
    ['compression of nothing', Uint8Array.of(9, 0x80), 'truncated'],
  ])('does not let %s keep it from the rest', (_, bad, code) => {
    const { messages, errors } = readBody(encodeCompound([good, bad, good]), LIMIT);
    expect(messages).toEqual([nack, nack]);
    expect(errors.map((error) => error.code)).toEqual([code]);
  });

  it('reads the parts before one that runs past the end', () => {
    const compound = encodeCompound([good, good]);
    const { messages, errors } = readBody(compound.subarray(0, compound.length - 1), LIMIT);
    expect(messages).toEqual([nack]);
    expect(errors).toMatchObject([{ code: 'truncated', offset: 6 + good.length }]);
  });

  it('gives up after 32 messages that cannot be read', () => {
    const parts = Array.from({ length: 100 }, () => new Uint8Array(0));
    expect(codesOf(encodeCompound([...parts, good]))).toHaveLength(32);
    expect(readBody(encodeCompound([...parts, good]), LIMIT).messages).toEqual([]);
  });

  it('limits how many bytes a packet decompresses in all', () => {
    const part = compress(Uint8Array.of(8, ...new Uint8Array(999)));
    const twice = encodeCompound([part, part]);
    expect(codesOf(twice, 2000)).toEqual([]);
    expect(codesOf(twice, 1999)).toEqual(['length']);
    // What was too long uses up the rest.
    const small = compress(good);
    expect(codesOf(encodeCompound([part, small]), 999)).toEqual(['length', 'length']);
  });

  it('limits how deeply a packet is nested', () => {
    const nested = (depth: number): Uint8Array =>
      depth === 0 ? good : encodeCompound([nested(depth - 1)]);
    expect(readBody(nested(8), LIMIT).messages).toEqual([nack]);
    expect(codesOf(nested(9))).toEqual(['variant']);
    // 4 bytes a layer, in the largest datagram.
    expect(codesOf(nested(10_000))).toEqual(['variant']);
  });
});
