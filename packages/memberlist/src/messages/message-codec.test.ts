import { ByteReader } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import type { StructMessage } from './layouts.ts';
import { encodeMessage, readStruct } from './message-codec.ts';

const NACK = '0b81a55365714e6f08';

describe('encodeMessage', () => {
  it('writes the type, then the body', () => {
    expect(toHex(encodeMessage({ type: 'nack', seqNo: 8 }))).toBe(NACK);
    expect(toHex(encodeMessage({ type: 'user', payload: Uint8Array.of(1, 2) }))).toBe('080102');
  });

  it('refuses values that do not fit', () => {
    expect(codeOf(() => encodeMessage({ type: 'nack', seqNo: 2 ** 32 }))).toBe('range');
    const dead = { type: 'dead', from: '\udc00', incarnation: 1, node: 'b' } as const;
    expect(codeOf(() => encodeMessage(dead))).toBe('utf8');
  });
});

describe('readStruct', () => {
  const types = new Set(['nack', 'ack'] as const);
  const read = (hex: string): StructMessage => readStruct(new ByteReader(fromHex(hex)), types);

  it('reads a message of one of the types', () => {
    expect(read(NACK)).toEqual({ type: 'nack', seqNo: 8 });
    expect(read('0280')).toEqual({ type: 'ack', payload: undefined, seqNo: 0 });
  });

  it.each(['0080', '0780', '0c80', 'f480'])('refuses another type: %s', (hex) => {
    expect(codeOf(() => read(hex))).toBe('variant');
  });
});
