import { rest, tag, u16, u32 } from '../bytes/fields.ts';
import { decodeConstant, type MessageFormat } from '../bytes/message-format.ts';
import { checkStateLength, member, members, STATE_MESSAGES } from '../shoal/state-exchange.ts';
import { decodeChecksum } from '../shoal/stream-codec.ts';
import { entries } from '../shoal/stream-entries.ts';
import { STREAM_MESSAGES } from '../shoal/stream-layouts.ts';
import { syncupFormat } from '../syncup/syncup-codec.ts';
import { describeShoalMember } from './describe-swim.ts';
import { type FieldReader, hexWord } from './description.ts';

// The messages on streams are described by the layouts that also encode and decode them.

/** One of Noxu's seven syncup messages. */
export function describeSyncup(fields: FieldReader, bytes: Uint8Array): void {
  describeMessage(fields, syncupFormat(bytes));
}

/** A message of Shoal's stream protocol, which includes the syncup messages. */
export function describeShoalStream(fields: FieldReader, bytes: Uint8Array): void {
  const opcode = bytes[0];
  if (opcode !== undefined && opcode >= 1 && opcode <= 7) return describeSyncup(fields, bytes);
  describeMessage(fields, formatOf(fields, STREAM_MESSAGES, 'an opcode of 1..7 or 16..26'));
}

/** A message of the state exchange of a cluster that speaks Shoal's own protocol. */
export function describeShoalState(fields: FieldReader, bytes: Uint8Array): void {
  checkStateLength(bytes);
  describeMessage(fields, formatOf(fields, STATE_MESSAGES, 'an opcode of 25 or 32..37'));
}

// biome-ignore lint/suspicious/noExplicitAny: the messages and the context of any family.
type AnyFormat = MessageFormat<any, any>;

function formatOf(
  { reader }: FieldReader,
  family: { byOpcode(opcode: number): AnyFormat | undefined },
  expected: string,
): AnyFormat {
  const opcode = reader.u8();
  reader.offset = 0;
  return family.byOpcode(opcode) ?? reader.fail('variant', `${expected}, not ${opcode}`);
}

function describeMessage(fields: FieldReader, { type, layout }: AnyFormat): void {
  fields.field(
    'opcode',
    (reader) => reader.u8(),
    (opcode) => `${opcode} ${type}`,
  );
  if (layout.checksum) fields.field('crc32', (reader) => decodeChecksum(reader), hexWord);
  for (const [name, constant] of Object.entries(layout.preamble ?? {})) {
    const show = constant.codec === tag ? hexWord : undefined;
    fields.field(name, (reader) => decodeConstant(reader, constant), show);
  }
  for (const [name, field] of Object.entries(layout.fields)) {
    const describe = DESCRIBERS.get(field);
    if (describe) describe(fields, name);
    else fields.field(name, (reader) => field.decode(reader, undefined));
  }
  if (layout.extensible && fields.reader.remaining > 0) {
    fields.field('unknown', (reader) => rest.decode(reader));
  }
}

type Describer = (fields: FieldReader, name: string) => void;

/** How the fields are described that have parts, or that are shown in another way. */
const DESCRIBERS: ReadonlyMap<unknown, Describer> = /* @__PURE__ */ new Map<unknown, Describer>([
  [tag, (fields, name) => fields.field(name, (reader) => tag.decode(reader), hexWord)],
  [entries, describeEntries],
  [member, (fields, name) => fields.group(name, () => describeShoalMember(fields))],
  [members, describeMembers],
]);

function describeEntries(fields: FieldReader): void {
  const { reader } = fields;
  // Read as a whole first, which checks every length.
  const start = reader.offset;
  entries.decode(reader);
  reader.offset = start;
  const count = fields.field('count', (r) => u32.decode(r));
  for (let i = 0; i < count; i++) {
    fields.group(`entry ${i}`, () => {
      fields.field('type', (r) => r.u8());
      const length = fields.field('length', (r) => u32.decode(r));
      fields.field('payload', (r) => r.view(length));
    });
  }
}

function describeMembers(fields: FieldReader): void {
  const count = fields.field('count', (r) => u16.decode(r));
  for (let i = 0; i < count; i++) fields.group(`member ${i}`, () => describeShoalMember(fields));
}
