import { crc32 } from '../bytes/crc32.ts';
import { readU16le, readU32le, readU64le } from '../bytes/little-endian.ts';
import { checkRestoreName } from '../syncup/restore-format.ts';
import { decodeStreamFrame } from '../syncup/stream-frame.ts';
import type { FieldReader } from './description.ts';

/** An entry on Noxu's `PEER_FEEDER` stream. */
export function describeNoxuStream(fields: FieldReader, bytes: Uint8Array): void {
  decodeStreamFrame(bytes);
  fields.field('vlsn', (r) => readU64le(r));
  fields.field('type', (r) => r.u8());
  const length = fields.field('length', (r) => readU32le(r));
  fields.field('crc32', (r) => readU32le(r));
  fields.field('payload', (r) => r.view(length));
}

/** A payload of Noxu's `RESTORE` service. */
export function describeNoxuRestore(fields: FieldReader): void {
  const count = fields.field('count', (r) => readU32le(r));
  for (let i = 0; i < count; i++) {
    fields.group(`file ${i}`, () => {
      const length = fields.field('nameLength', (r) => readU16le(r));
      fields.field('name', (r) => {
        const at = r.offset;
        const name = r.text(length);
        checkRestoreName(name, at);
        return name;
      });
      const size = fields.field('size', (r) => readU64le(r));
      const data = fields.field('data', (r) => {
        if (size > BigInt(r.remaining))
          r.fail('length', `at most ${r.remaining} bytes`, r.offset - 8);
        return r.view(Number(size));
      });
      fields.field('crc32', (r) => {
        const found = readU32le(r);
        if (found !== crc32(data)) r.fail('checksum', 'the crc32 of the data', r.offset - 4);
        return found;
      });
    });
  }
}
