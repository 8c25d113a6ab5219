import { readU16le, readU32le, readU64le } from '../bytes/little-endian.ts';
import {
  MAX_STATE_MESSAGE,
  STATE_EXCHANGE_MAGIC,
  STATE_EXCHANGE_VERSION,
} from '../shoal/state-exchange.ts';
import { describeShoalMember } from './describe-swim.ts';
import type { FieldReader } from './description.ts';

/** The messages by their opcode, from 32 on. */
const MESSAGES = [
  'stateRequest',
  'stateReply',
  'members',
  'membersEnd',
  'streamPing',
  'streamPong',
] as const;
const FIRST = 32;

/** A message of the state exchange of a cluster that speaks Shoal's own protocol. */
export function describeShoalState(fields: FieldReader, bytes: Uint8Array): void {
  const { reader } = fields;
  if (bytes.length > MAX_STATE_MESSAGE) {
    reader.fail('length', `at most ${MAX_STATE_MESSAGE} bytes`, MAX_STATE_MESSAGE);
  }
  const opcode = fields.field(
    'opcode',
    (r) => r.u8(),
    (byte) => `${byte} ${MESSAGES[byte - FIRST] ?? 'unknown'}`,
  );
  switch (MESSAGES[opcode - FIRST]) {
    case 'stateRequest':
      describePreamble(fields);
      fields.field('digest', (r) => readU64le(r));
      break;
    case 'stateReply':
      fields.field('digest', (r) => readU64le(r));
      break;
    case 'members': {
      const count = fields.field('count', (r) => readU16le(r));
      for (let i = 0; i < count; i++) {
        fields.group(`member ${i}`, () => describeShoalMember(fields));
      }
      break;
    }
    case 'membersEnd':
      fields.field('total', (r) => readU32le(r));
      break;
    case 'streamPing':
      describePreamble(fields);
      break;
    case 'streamPong':
      fields.group('member', () => describeShoalMember(fields));
      break;
    default:
      reader.fail('variant', 'an opcode of 32..37', 0);
  }
}

function describePreamble(fields: FieldReader): void {
  const hex = (word: number): string => word.toString(16).padStart(8, '0');
  fields.field(
    'magic',
    (r) => {
      const magic = readU32le(r);
      return magic === STATE_EXCHANGE_MAGIC ? magic : r.fail('magic', hex(STATE_EXCHANGE_MAGIC), 1);
    },
    hex,
  );
  fields.field('version', (r) => {
    const version = r.u8();
    const own = STATE_EXCHANGE_VERSION;
    return version === own ? version : r.fail('version', `version ${own}`, 5);
  });
  fields.field('label', (r) => readU32le(r), hex);
}
