import type { Codec } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import { readVarint32 } from '../bytes/varint.ts';
import { nodeIdentity, nodeReference, readAddress } from '../shoal/node-identity.ts';
import { SHOAL_MAGIC, SHOAL_VERSION } from '../shoal/shoal-codec.ts';
import { MEMBER_STATES, MESSAGE_TYPES, type MessageType, payloadOf } from '../swim/message.ts';
import { type FieldReader, hexWord } from './description.ts';

const identity = (r: ByteReader): unknown => nodeIdentity.decode(r);
const reference = (r: ByteReader): unknown => {
  const { address, generation } = nodeReference.decode(r);
  return { address, generation };
};
const incarnation = (r: ByteReader): number => readVarint32(r, 0xffff_ffff);

/** Foca has no nack. */
const FOCA_MESSAGE_TYPES: readonly MessageType[] = /* @__PURE__ */ MESSAGE_TYPES.filter(
  (type) => type !== 'nack',
);

/** Reads a byte that is an index of `names`. */
function named<T>(names: readonly T[], what: string): (reader: ByteReader) => T {
  return (reader) => {
    const name = names[reader.u8()];
    return name ?? reader.fail('variant', `${what} of 0..${names.length - 1}`, reader.offset - 1);
  };
}

/** A datagram of Shoal's own protocol. */
export function describeShoal(fields: FieldReader): void {
  fields.field('magic', (r) => {
    const magic = r.u8();
    return magic === SHOAL_MAGIC ? magic : r.fail('magic', `the byte ${SHOAL_MAGIC}`, 0);
  });
  fields.field('version', (r) => {
    const version = r.u8();
    return version === SHOAL_VERSION ? version : r.fail('version', `version ${SHOAL_VERSION}`, 1);
  });
  fields.field('label', (r) => r.u32be(), hexWord);
  fields.field('src', identity);
  fields.field('srcIncarnation', incarnation);
  fields.field('dst', reference);
  const type = fields.field('message', named(MESSAGE_TYPES, 'a message'));
  if (hasProbeNumber(type)) fields.field('probeNumber', (r) => r.u32be());
  const subject = subjectOf(type);
  if (subject) fields.field(subject, reference);
  describeBody(fields, type, () => describeShoalMember(fields));
}

/** A packet of foca. */
export function describeFoca(
  fields: FieldReader,
  u16: Codec<number>,
  identityCodec: Codec<unknown>,
): void {
  const id = (r: ByteReader): unknown => identityCodec.decode(r);
  const incarnation16 = (r: ByteReader): number => u16.decode(r);
  fields.field('src', id);
  fields.field('srcIncarnation', incarnation16);
  fields.field('dst', id);
  const type = fields.field('message', named(FOCA_MESSAGE_TYPES, 'a message'));
  const subject = subjectOf(type);
  if (subject) fields.field(subject, id);
  if (hasProbeNumber(type)) fields.field('probeNumber', (r) => r.u8());
  describeBody(fields, type, () => {
    fields.field('id', id);
    fields.field('incarnation', incarnation16);
    fields.field('state', named(MEMBER_STATES, 'a state'));
  });
}

/** What follows the header, which is the same in both protocols. */
function describeBody(fields: FieldReader, type: MessageType, member: () => void): void {
  const { reader } = fields;
  const allowed = payloadOf(type);
  if (reader.remaining === 0) return;
  if (allowed.members) {
    const count = fields.field('count', (r) => r.u16be());
    for (let i = 0; i < count; i++) fields.group(`member ${i}`, member);
  }
  for (let i = 0; allowed.broadcasts && reader.remaining > 0; i++) {
    fields.group(`broadcast ${i}`, () => {
      const length = fields.field('length', (r) => r.u16be());
      if (length === 0) reader.fail('length', 'at least 1 byte', reader.offset - 2);
      fields.field('bytes', (r) => r.view(length));
    });
  }
}

/** The member that a message names, besides its sender and its receiver. */
function subjectOf(type: MessageType): 'target' | 'origin' | undefined {
  if (type === 'pingReq' || type === 'indirectAck' || type === 'nack') return 'target';
  return type === 'indirectPing' || type === 'forwardedAck' ? 'origin' : undefined;
}

function hasProbeNumber(type: MessageType): boolean {
  return type === 'ping' || type === 'ack' || subjectOf(type) !== undefined;
}

/** A member of Shoal's own protocol, which datagrams and streams encode alike. */
export function describeShoalMember(fields: FieldReader): void {
  const flags = fields.field(
    'flags',
    (r) => {
      const byte = r.u8();
      const allowed = [0b0000, 0b1001, 0b0110][byte & 3];
      if (allowed === undefined || (byte & ~(allowed | 3)) !== 0) {
        r.fail('variant', 'a state of 0..2 with the flags that belong to it', r.offset - 1);
      }
      return byte;
    },
    (byte) => `${MEMBER_STATES[byte & 3]}${byte & 4 ? ', left' : ''}`,
  );
  fields.field('id', identity);
  fields.field('incarnation', incarnation);
  if (flags & 8) fields.field('suspector', readAddress);
}
