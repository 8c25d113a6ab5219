import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wireErrorOf } from '../../test/wire-error.test-helper.ts';
import { ByteReader } from './reader.ts';
import { ByteWriter, rollback } from './writer.ts';

describe('ByteWriter', () => {
  it('writes any text except lone surrogates', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const writer = new ByteWriter({ capacity: 1 });
        writer.text(text);
        const bytes = writer.copy();
        expect(bytes).toEqual(new TextEncoder().encode(text));
        expect(new ByteReader(bytes).text(bytes.length)).toBe(text);
      }),
    );
    const error = wireErrorOf(() => new ByteWriter().text('a\ud800b'));
    expect(error).toMatchObject({ code: 'utf8', offset: 1 });
  });

  it('rolls back to a mark, and refuses to exceed a fixed capacity', () => {
    const writer = new ByteWriter({ capacity: 4, fixed: true });
    writer.u16be(0x0102);
    const mark = writer.offset;
    expect(wireErrorOf(() => writer.text('too long')).code).toBe('capacity');
    rollback(writer, mark);
    writer.u16be(0x0304);
    expect(writer.copy()).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(wireErrorOf(() => rollback(writer, 5)).code).toBe('range');
  });
});
