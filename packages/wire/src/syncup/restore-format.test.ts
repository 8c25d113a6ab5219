import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../bytes/crc32.ts';
import { WireError } from '../errors.ts';
import {
  decodeRestoreRequest,
  encodeRestoreFile,
  encodeRestoreFileCount,
  encodeRestoreTrailer,
  RestoreDecoder,
  type RestorePart,
} from './restore-format.ts';

interface File {
  readonly name: string;
  readonly data: Uint8Array;
}

function encode(files: readonly File[]): Uint8Array {
  const parts = [encodeRestoreFileCount(files.length)];
  for (const { name, data } of files) {
    parts.push(encodeRestoreFile(name, data.length), data, encodeRestoreTrailer(crc32(data)));
  }
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const anyFile: fc.Arbitrary<File> = fc.record({
  name: fc.stringMatching(/^[a-zä0-9_-]{1,20}(\.[a-z]{3})?$/u),
  data: fc.uint8Array({ maxLength: 50 }),
});

describe('RestoreDecoder', () => {
  it('reads what was written, in pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.array(anyFile, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (files, steps) => {
          const bytes = encode(files);
          const decoder = new RestoreDecoder();
          const read: { name: string; data: number[] }[] = [];
          const types: string[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const step = steps[i % steps.length]!;
            for (const part of decoder.push(bytes.subarray(at, at + step))) {
              types.push(part.type);
              if (part.type === 'file') read.push({ name: part.name, data: [] });
              if (part.type === 'data') read.at(-1)!.data.push(...part.bytes);
            }
            at += step;
          }
          decoder.finish();
          expect(read).toEqual(files.map(({ name, data }) => ({ name, data: [...data] })));
          expect(types[0]).toBe('files');
          expect(types.at(-1)).toBe('end');
          expect(types.filter((type) => type === 'fileEnd')).toHaveLength(files.length);
        },
      ),
    );
  });

  it('reads mutated bytes as files with correct checksums, or throws a WireError', () => {
    fc.assert(
      fc.property(
        fc.array(anyFile, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (files, position, flip) => {
          const bytes = encode(files);
          bytes[position % bytes.length]! ^= flip;
          const decoder = new RestoreDecoder();
          let crc = 0;
          try {
            for (const part of decoder.push(bytes) as Iterable<RestorePart>) {
              if (part.type === 'file') crc = 0;
              if (part.type === 'data') crc = crc32(part.bytes, crc);
              if (part.type === 'fileEnd') expect(part.crc32).toBe(crc);
            }
            decoder.finish();
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        },
      ),
    );
  });

  it('does not allocate memory for a file of 5 GiB that is only announced', () => {
    const decoder = new RestoreDecoder();
    const head = new Uint8Array([
      ...encodeRestoreFileCount(1),
      ...encodeRestoreFile('big', 5 * 2 ** 30),
    ]);
    expect([...decoder.push(head)]).toEqual([
      { type: 'files', count: 1 },
      { type: 'file', name: 'big', size: 5 * 2 ** 30 },
    ]);
    const piece = new Uint8Array(1000);
    expect([...decoder.push(piece)]).toEqual([{ type: 'data', bytes: piece }]);
    expect(() => decoder.finish()).toThrow(expect.objectContaining({ code: 'truncated' }));
  });

  it('refuses hostile names before any data', () => {
    for (const name of ['', '.', '..', '.x', 'a/b', '/a', 'a\\b', 'a\0b', 'c:a']) {
      expect(() => encodeRestoreFile(name, 1)).toThrow(expect.objectContaining({ code: 'range' }));
      const raw = new TextEncoder().encode(name);
      const bytes = new Uint8Array([1, 0, 0, 0, raw.length, 0, ...raw, 1, 0, 0, 0, 0, 0, 0, 0]);
      expect(() => [...new RestoreDecoder().push(bytes)]).toThrow(
        expect.objectContaining({ code: 'range' }),
      );
    }
  });

  it('refuses sizes over 2^53-1, a wrong magic, and names over 65,535 bytes', () => {
    const range = expect.objectContaining({ code: 'range' });
    expect(() => encodeRestoreFile('a', 2 ** 53)).toThrow(range);
    expect(() => encodeRestoreFile('a'.repeat(65_536), 1)).toThrow(
      expect.objectContaining({ code: 'length' }),
    );
    const huge = new Uint8Array([1, 0, 0, 0, 1, 0, 0x61, ...new Uint8Array(8).fill(0xff)]);
    expect(() => [...new RestoreDecoder().push(huge)]).toThrow(range);
    expect(() => decodeRestoreRequest(Uint8Array.of(1, 2, 3, 4))).toThrow(
      expect.objectContaining({ code: 'magic' }),
    );
  });
});
