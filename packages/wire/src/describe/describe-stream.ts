import { readU16le, readU32le, readU64le } from '../bytes/little-endian.ts';
import type { ByteReader } from '../bytes/reader.ts';
import { decodeShoalStream } from '../shoal/stream-decoder.ts';
import type { ShoalStreamMessage } from '../shoal/stream-message.ts';
import { describeNoxuSyncup } from './describe-noxu.ts';
import type { FieldReader } from './description.ts';

/** How a field is read and shown. */
type Kind = 'u8' | 'u16' | 'u32' | 'u64' | 'hex32' | 'text8' | 'rest';

const CRC: readonly [string, Kind] = ['crc32', 'hex32'];

/** The fields behind the opcode, as docs/wire-protocol.md tells them. */
const FIELDS: {
  readonly [T in ShoalStreamMessage['type']]?: readonly (readonly [string, Kind])[];
} = {
  hello: [
    ['magic', 'hex32'],
    ['versionMin', 'u8'],
    ['versionMax', 'u8'],
    ['features', 'u32'],
    ['label', 'hex32'],
    ['term', 'u64'],
    ['name', 'text8'],
  ],
  welcome: [
    ['magic', 'hex32'],
    ['version', 'u8'],
    ['features', 'u32'],
    ['label', 'hex32'],
    ['term', 'u64'],
    ['first', 'u64'],
    ['last', 'u64'],
  ],
  entries: [CRC, ['firstVlsn', 'u64']],
  chainedEntries: [
    ['fingerprint', 'u64'],
    ['firstVlsn', 'u64'],
    ['count', 'u32'],
  ],
  ack: [['vlsn', 'u64']],
  heartbeat: [
    ['term', 'u64'],
    ['last', 'u64'],
    ['durable', 'u64'],
    ['time', 'u64'],
  ],
  restoreResume: [
    ['snapshot', 'u64'],
    ['offset', 'u64'],
  ],
  restoreBegin: [
    ['snapshot', 'u64'],
    ['size', 'u64'],
    ['offset', 'u64'],
    ['last', 'u64'],
  ],
  restoreChunk: [CRC, ['offset', 'u64'], ['bytes', 'rest']],
  restoreEnd: [
    ['size', 'u64'],
    ['digest', 'u64'],
  ],
  goodbye: [
    ['code', 'u16'],
    ['reason', 'text8'],
  ],
};

/** A message is first checked as a whole by its codec, then read once more for its fields. */
export function describeShoalStream(fields: FieldReader, bytes: Uint8Array): void {
  const message = decodeShoalStream(bytes);
  const known = FIELDS[message.type];
  if (!known) return describeNoxuSyncup(fields, bytes);
  fields.field(
    'opcode',
    (r) => r.u8(),
    (opcode) => `${opcode} ${message.type}`,
  );
  for (const [name, kind] of known) describeField(fields, name, kind);
  if (message.type === 'entries') {
    const count = fields.field('count', (r) => readU32le(r));
    for (let i = 0; i < count; i++) {
      fields.group(`entry ${i}`, () => {
        fields.field('type', (r) => r.u8());
        const length = fields.field('length', (r) => readU32le(r));
        fields.field('payload', (r) => r.view(length));
      });
    }
  }
  // A hello or welcome of a later version may be longer.
  if (fields.reader.remaining > 0) describeField(fields, 'unknown', 'rest');
}

function describeField(fields: FieldReader, name: string, kind: Kind): void {
  const read = (r: ByteReader): unknown => {
    switch (kind) {
      case 'u8':
        return r.u8();
      case 'u16':
        return readU16le(r);
      case 'u32':
        return readU32le(r);
      case 'hex32':
        return readU32le(r).toString(16).padStart(8, '0');
      case 'u64':
        return readU64le(r);
      case 'text8':
        return r.text(r.u8());
      case 'rest':
        return r.view(r.remaining);
    }
  };
  fields.field(name, read);
}
