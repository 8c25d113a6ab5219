import { crc32 } from './crc32.ts';
import type { FieldReader } from './description.ts';
import { checkRestoreName } from './restore-format.ts';
import { decodeStreamFrame } from './stream-frame.ts';
import { decodeSyncup } from './syncup-codec.ts';

export function describeNoxuSyncup(fields: FieldReader, bytes: Uint8Array): void {
  const { type } = decodeSyncup(bytes);
  fields.field(
    'opcode',
    (r) => r.u8(),
    (opcode) => `${opcode} ${type}`,
  );
  switch (type) {
    case 'entryRequest':
      fields.field('vlsn', (r) => r.i64le());
      break;
    case 'startStream':
      fields.field('startVlsn', (r) => r.i64le());
      break;
    case 'restoreRequest':
      fields.field('failedVlsn', (r) => r.i64le());
      break;
    case 'entry':
    case 'alternateMatchpoint':
      fields.field('vlsn', (r) => r.i64le());
      fields.field('lsn', (r) => r.u64le());
      fields.field('fingerprint', (r) => r.u64le());
      fields.field('isSync', (r) => r.u8() === 1);
  }
}

export function describeNoxuStream(fields: FieldReader, bytes: Uint8Array): void {
  decodeStreamFrame(bytes);
  fields.field('vlsn', (r) => r.u64le());
  fields.field('type', (r) => r.u8());
  const length = fields.field('length', (r) => r.u32le());
  fields.field('crc32', (r) => r.u32le());
  fields.field('payload', (r) => r.view(length));
}

export function describeNoxuRestore(fields: FieldReader): void {
  const count = fields.field('count', (r) => r.u32le());
  for (let i = 0; i < count; i++) {
    fields.group(`file ${i}`, () => {
      const length = fields.field('nameLength', (r) => r.u16le());
      fields.field('name', (r) => {
        const at = r.offset;
        const name = r.text(length);
        checkRestoreName(name, at);
        return name;
      });
      const size = fields.field('size', (r) => r.u64le());
      const data = fields.field('data', (r) => {
        if (size > BigInt(r.remaining))
          r.fail('length', `at most ${r.remaining} bytes`, r.offset - 8);
        return r.view(Number(size));
      });
      fields.field('crc32', (r) => {
        const found = r.u32le();
        if (found !== crc32(data)) r.fail('checksum', 'the crc32 of the data', r.offset - 4);
        return found;
      });
    });
  }
}
