import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { count, i64, tag, text8, u8, u16, u32, u53, u64 } from '../src/bytes/fields.ts';
import { MAX_FRAME_LENGTH } from '../src/bytes/frame.ts';
import type { MessageFormat } from '../src/bytes/message-format.ts';
import { GOODBYE } from '../src/shoal/goodbye.ts';
import { MAX_GENERATION, type NodeIdentity } from '../src/shoal/node-identity.ts';
import {
  ANNOUNCE_SIZE,
  labelTag,
  SHOAL_MAGIC,
  SHOAL_VERSION,
  shoalCodec,
} from '../src/shoal/shoal-codec.ts';
import { SHOAL_FEATURES } from '../src/shoal/shoal-stream.ts';
import {
  decodeStateMessage,
  encodeStateMessage,
  MAX_STATE_MESSAGE,
  members,
  STATE_MESSAGES,
  type StateMessage,
} from '../src/shoal/state-exchange.ts';
import { entries } from '../src/shoal/stream-entries.ts';
import { STREAM_MESSAGES } from '../src/shoal/stream-layouts.ts';
import { MEMBER_STATES, MESSAGE_TYPES, payloadOf } from '../src/swim/message.ts';
import { decodePacket, encodePacket, type Packet } from '../src/swim/packet.ts';
import { DEFAULT_MAX_PACKET_SIZE } from '../src/swim/swim-codec.ts';
import { isSync, SYNCUP_MESSAGES } from '../src/syncup/syncup-codec.ts';
import { fromHex, toHex } from './vectors.test-helper.ts';

// The examples of docs/wire-protocol.md, which are blocks marked "hex NAME". 00*3 is 00 00 00.
const doc = readFileSync(new URL('../../../docs/wire-protocol.md', import.meta.url), 'utf8');
const examples = new Map(
  [...doc.matchAll(/^```hex ([\w-]+)\n([\s\S]*?)^```/gm)].map(([, name, body]) => [
    name!,
    body!
      .replace(/#.*$/gm, '')
      .replace(/(\w\w)\*(\d+)/g, (_, byte: string, count: string) => byte.repeat(Number(count)))
      .replace(/\s+/g, ''),
  ]),
);

const utf8 = new TextEncoder();
const A = { address: '10.0.0.1:7946', generation: 1_760_000_000_000, metadata: utf8.encode('web') };
const B = { address: '[::1]:7946', generation: 1_760_000_000_001, metadata: utf8.encode('') };
const C = { address: '10.0.0.9:7946', generation: 7, metadata: utf8.encode('') };
const refA = { ...A, metadata: utf8.encode('') };

const packets: Record<string, Packet<NodeIdentity>> = {
  announce: {
    header: { src: A, srcIncarnation: 0, dst: B, message: { type: 'announce' } },
    members: [],
    broadcasts: [],
  },
  ping: {
    header: {
      src: A,
      srcIncarnation: 300,
      dst: B,
      message: { type: 'ping', probeNumber: 0x01020304 },
    },
    members: [
      { id: C, incarnation: 2, state: 'suspect', suspector: B.address },
      { id: { ...B, generation: B.generation - 2 }, incarnation: 0, state: 'down', left: true },
    ],
    broadcasts: [Uint8Array.of(1, 2, 3)],
  },
  nack: {
    header: {
      src: B,
      srcIncarnation: 0,
      dst: refA,
      message: { type: 'nack', target: C, probeNumber: 5 },
    },
    members: [],
    broadcasts: [],
  },
};

describe('the datagrams in docs/wire-protocol.md', () => {
  const codec = shoalCodec({ label: 'prod' });

  it('use the tag that the document has', () => {
    expect(doc).toContain(`\`${labelTag('prod').toString(16).padStart(8, '0')}\``);
  });

  it.each(Object.entries(packets))('%s is what the codec writes and reads', (name, packet) => {
    const hex = examples.get(name);
    expect(toHex(encodePacket(codec, packet))).toBe(hex);
    const bytes = Uint8Array.from(hex!.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    expect(decodePacket(codec, bytes)).toEqual(packet);
  });
});

describe('the state exchange in docs/wire-protocol.md', () => {
  const codec = shoalCodec({ label: 'prod' });
  const older = { ...A, generation: 7 };
  const younger = { ...B, generation: 8 };
  const label = labelTag('prod');
  const messages: Record<string, StateMessage<NodeIdentity>> = {
    'state-request': { type: 'stateRequest', label, digest: 0x1122334455667788n },
    'state-reply': { type: 'stateReply', digest: 0x99aabbccddeeff00n },
    'state-members': {
      type: 'members',
      members: [
        { id: older, incarnation: 300, state: 'alive' },
        { id: younger, incarnation: 0, state: 'down', left: true },
      ],
    },
    'state-end': { type: 'membersEnd', total: 2 },
    'state-ping': { type: 'streamPing', label },
    'state-pong': { type: 'streamPong', member: { id: younger, incarnation: 2, state: 'alive' } },
  };

  it.each(Object.entries(messages))('%s is what the codec writes and reads', (name, message) => {
    const hex = examples.get(name);
    expect(toHex(encodeStateMessage(codec, message))).toBe(hex);
    expect(decodeStateMessage(codec, fromHex(hex!))).toEqual(message);
  });

  it('has no other examples', () => {
    const found = [...examples.keys()].filter((name) => name.startsWith('state-'));
    expect(found.sort()).toEqual([...Object.keys(messages), 'state-digest'].sort());
  });
});

describe('the tables of messages in docs/wire-protocol.md', () => {
  const KINDS = new Map<unknown, string>([
    [u8, 'u8'],
    [u16, 'u16'],
    [u32, 'u32'],
    [tag, 'u32'],
    [count, 'u32'],
    [u64, 'u64'],
    [u53, 'u64'],
    [i64, 'i64'],
    [isSync, 'u8'],
    [text8, 'text8'],
  ]);
  /** Fields that are lists appear in the tables as their count. */
  const COUNTS = new Map<unknown, string>([
    [entries, 'count u32'],
    [members, 'count u16'],
  ]);
  const table =
    /^\| (\d+) +\| (\w+) +\| (?:replica|feeder|both|initiator|responder) +\| (.*?) *\|$/gm;
  const rows = [...doc.matchAll(table)].map(([, opcode, name, body]) => ({
    opcode: Number(opcode),
    name: name!,
    body: body!,
  }));

  /** The fields as the tables write them: `crc u32, firstVlsn u64, ...`. */
  function bodyOf({ layout }: MessageFormat<never, never>): string {
    const parts = layout.checksum ? ['crc u32'] : [];
    for (const [name, { codec }] of Object.entries(layout.preamble ?? {})) {
      parts.push(`${name} ${KINDS.get(codec)}`);
    }
    for (const [name, field] of Object.entries(layout.fields)) {
      const kind = KINDS.get(field);
      const part = COUNTS.get(field) ?? (kind && `${name} ${kind}`);
      if (part) parts.push(part);
    }
    return parts.join(', ');
  }

  it('uses only types that the notation explains', () => {
    const notation = doc.split('\n## Notation\n')[1]!.split('\n## ')[0]!;
    for (const kind of new Set(KINDS.values())) expect(notation).toContain(`\`${kind}\``);
  });

  it('has every message', () => {
    const opcodes = [...Array.from({ length: 7 }, (_, i) => i + 1)];
    for (let opcode = 16; opcode <= 37; opcode++)
      if (opcode < 27 || opcode > 31) opcodes.push(opcode);
    expect([...new Set(rows.map(({ opcode }) => opcode))].sort((a, b) => a - b)).toEqual(opcodes);
  });

  it.each(rows)('$opcode $name has the fields of its layout', ({ opcode, name, body }) => {
    const format = [SYNCUP_MESSAGES, STREAM_MESSAGES, STATE_MESSAGES]
      .map((family) => family.byOpcode(opcode))
      .find((each) => each !== undefined) as MessageFormat<never, never> | undefined;
    expect(format?.type).toBe(name[0]!.toLowerCase() + name.slice(1));
    if (body.startsWith('as in ')) return;
    const told = body === 'as Entry' ? rows.find((row) => row.name === 'Entry')!.body : body;
    const fields = told.split('count times')[0]!.match(/\w+ (?:[ui]\d+|text8)/g) ?? [];
    expect(bodyOf(format!)).toBe(fields.join(', '));
  });
});

describe('the numbers in docs/wire-protocol.md', () => {
  /** The rows of a table that begin with a number and a name. */
  const rows = (heading: string): string[][] => {
    const [, section] = doc.split(`\n### ${heading}\n`);
    return section!
      .split('\n### ')[0]!
      .split('\n')
      .filter((line) => /^\| \d/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
  };
  const bodyOf = (type: (typeof MESSAGE_TYPES)[number]): string => {
    const { members, broadcasts } = payloadOf(type);
    if (!broadcasts) return 'none';
    if (!members) return 'broadcasts only, no count';
    return type === 'feed' ? 'active members, broadcasts' : 'updates, broadcasts';
  };

  it('are those of the messages in datagrams', () => {
    expect(rows('Messages').map(([, kind, name, , body]) => [kind, name, body])).toEqual(
      MESSAGE_TYPES.map((type, kind) => [String(kind), type, bodyOf(type)]),
    );
  });

  it('are those of the states of members', () => {
    const states = MEMBER_STATES.map((state, i) => `${i} ${state}`).join(', ');
    expect(doc).toContain(`state: ${states}; 3 is rejected`);
  });

  it('are the codes of a goodbye', () => {
    expect(rows('Goodbye').map(([, code, name]) => [name, Number(code)])).toEqual(
      Object.entries(GOODBYE),
    );
  });

  it('are the bits of the features', () => {
    const bits = rows('Greeting').map(([, bit, name]) => [name, 2 ** Number(bit)]);
    expect(bits).toEqual(Object.entries(SHOAL_FEATURES));
  });

  it.each([
    [`magic:u8 = 0x${SHOAL_MAGIC.toString(16)}, version:u8 = ${SHOAL_VERSION}`],
    [`One datagram carries one packet of at most ${grouped(DEFAULT_MAX_PACKET_SIZE)} bytes`],
    [`which make the packet at least ${ANNOUNCE_SIZE} bytes long`],
    [`length: 0..${grouped(MAX_FRAME_LENGTH)}`],
    [`one frame of at most ${grouped(MAX_STATE_MESSAGE)}\nbytes`],
    [`| \`generation\` | 0..2^${Math.log2(MAX_GENERATION + 1)}-1 `],
  ])('contain %s', (sentence) => {
    expect(doc).toContain(sentence);
  });

  it('are the limits of an identity', () => {
    const codec = shoalCodec({ label: 'prod' });
    const send = (src: NodeIdentity): Uint8Array =>
      encodePacket(codec, {
        header: { src, srcIncarnation: 0, dst: B, message: { type: 'announce' } },
        members: [],
        broadcasts: [],
      });
    expect(doc).toContain('| `address`    | 1..255 bytes ');
    expect(doc).toContain('| `metadata`   | 0..512 bytes ');
    for (const [address, metadata] of [
      ['', 0],
      ['a'.repeat(256), 0],
      ['a', 513],
    ] as const) {
      const id = { address, generation: 1, metadata: new Uint8Array(metadata) };
      expect(() => send(id)).toThrow();
    }
    const longest = { address: 'a'.repeat(255), generation: 1, metadata: new Uint8Array(512) };
    expect(decodePacket(codec, send(longest)).header.src).toEqual(longest);
  });
});

/** A number with commas between thousands. */
function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
