import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutated } from '../../test/arbitraries.test-helper.ts';
import { fromHex, readVectors } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { WireError } from '../errors.ts';
import { labelTag, shoalCodec } from '../shoal/shoal-codec.ts';
import {
  decodeStateMessage,
  encodeStateMessage,
  type StateMessage,
} from '../shoal/state-exchange.ts';
import { decodeShoalStream, encodeShoalStream } from '../shoal/stream-codec.ts';
import { decodePacket, encodePacket } from '../swim/packet.ts';
import { decodeSyncup } from '../syncup/syncup-codec.ts';
import { describePacket } from './describe-packet.ts';
import { type DescribedField, formatDescription, type PacketFamily } from './description.ts';

const metadata = new Uint8Array(0);
const a = { address: '10.0.0.1:7946', generation: 9, metadata };
const b = { address: '[::1]:7946', generation: 8, metadata };
const codec = shoalCodec({ label: 'test' });
const ping = encodePacket(codec, {
  header: { src: a, srcIncarnation: 300, dst: b, message: { type: 'ping', probeNumber: 5 } },
  members: [
    { id: b, incarnation: 1, state: 'suspect', suspector: a.address },
    { id: b, incarnation: 1, state: 'down', left: true },
  ],
  broadcasts: [Uint8Array.of(1, 2, 3)],
});

const labelOf = (bytes: Uint8Array): string => bytes.subarray(2, 6).join();

function verdict(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown = (all) => decodePacket(codec, all),
): 'read' | 'refused' {
  try {
    decode(bytes);
    return 'read';
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return 'refused';
  }
}

/** Checks that the leaves are adjacent and cover the packet, and that groups span their leaves. */
function covered(fields: readonly DescribedField[], from = 0): number {
  let at = from;
  for (const field of fields) {
    expect(field.offset).toBe(at);
    if (field.fields) expect(covered(field.fields, at)).toBe(at + field.length);
    at += field.length;
  }
  return at;
}

const files: [string, string, PacketFamily][] = [
  ['foca-postcard', 'packet', 'foca+postcard'],
  ['foca-bincode', 'packet', 'foca+bincode'],
  ['noxu-syncup', 'message', 'noxu-syncup'],
  ['noxu-stream', 'frame', 'noxu-stream'],
  ['noxu-restore', 'payload', 'noxu-restore'],
];

describe('describePacket', () => {
  it.each(files)('covers every byte of the %s vectors', (file, kind, family) => {
    const vectors = readVectors(file).vectors.filter((v) => v.kind === kind && !v.lenient);
    expect(vectors.length).toBeGreaterThan(5);
    for (const vector of vectors) {
      const bytes = fromHex(vector.hex);
      const description = describePacket(bytes, { family });
      expect(description.error, vector.name).toBeUndefined();
      expect(covered(description.fields)).toBe(bytes.length);
    }
  });

  it.each(files)('guesses the family of nearly all %s vectors', (file, kind, family) => {
    const vectors = readVectors(file).vectors.filter((v) => v.kind === kind && !v.lenient);
    const right = vectors.filter((v) => describePacket(fromHex(v.hex)).family === family);
    // A packet with only one-byte integers is the same in both formats.
    expect(right.length).toBeGreaterThanOrEqual(vectors.length * (kind === 'packet' ? 0.5 : 0.8));
  });

  it("formats a packet of Shoal's own protocol", () => {
    const description = describePacket(ping);
    expect(formatDescription(description, ping)).toMatchInlineSnapshot(`
      "shoal, 112 bytes
      0000  a5                  magic  165
      0001  01                  version  1
      0002  d87f7e0c            label  d87f7e0c
      0006  0d31302e302e302e..  src  {"address":"10.0.0.1:7946","generation":9,"metadata":""}
      001b  ac02                srcIncarnation  300
      001d  0a5b3a3a315d3a37..  dst  {"address":"[::1]:7946","generation":8}
      002e  00                  message  ping
      002f  00000005            probeNumber  5
      0033  0002                count  2
      0035                      member 0
      0035  09                    flags  suspect
      0036  0a5b3a3a315d3a37..    id  {"address":"[::1]:7946","generation":8,"metadata":""}
      0048  01                    incarnation  1
      0049  0d31302e302e302e..    suspector  10.0.0.1:7946
      0057                      member 1
      0057  06                    flags  down, left
      0058  0a5b3a3a315d3a37..    id  {"address":"[::1]:7946","generation":8,"metadata":""}
      006a  01                    incarnation  1
      006b                      broadcast 0
      006b  0003                  length  3
      006d  010203                bytes  3 bytes"
    `);
  });

  it("covers every byte of Shoal's stream messages", () => {
    const corpus = readFileSync(new URL('../../fuzz/corpus/shoal.txt', import.meta.url), 'utf8');
    const lines = corpus.split('\n').filter((line) => line.startsWith('shoal-stream '));
    expect(lines).toHaveLength(14);
    for (const line of lines) {
      const bytes = fromHex(line.split(' ')[1]!);
      const description = describePacket(bytes, { family: 'shoal-stream' });
      expect(description.error, line).toBeUndefined();
      expect(covered(description.fields)).toBe(bytes.length);
    }
    const entries = [{ type: 1, payload: Uint8Array.of(7, 8) }];
    const bytes = encodeShoalStream({ type: 'entries', firstVlsn: 5n, entries });
    expect(formatDescription(describePacket(bytes), bytes)).toMatchInlineSnapshot(`
      "shoal-stream, 24 bytes
      0000  12                  opcode  18 entries
      0001  5f2f298f            crc32  8f292f5f
      0005  0500000000000000    firstVlsn  5
      000d  01000000            count  1
      0011                      entry 0
      0011  01                    type  1
      0012  02000000              length  2
      0016  0708                  payload  2 bytes"
    `);
  });

  it('refuses the stream messages that their decoders refuse', () => {
    const corpus = readFileSync(new URL('../../fuzz/corpus/shoal.txt', import.meta.url), 'utf8');
    const frames = [...corpus.matchAll(/^shoal-stream (\w+)$/gm)].map(([, hex]) => fromHex(hex!));
    expect(frames.length).toBeGreaterThan(10);
    fc.assert(
      fc.property(fc.constantFrom(...frames).chain(mutated), (bytes) => {
        const stream = describePacket(bytes, { family: 'shoal-stream' }).error;
        expect(stream?.code).toBe(codeOf(() => decodeShoalStream(bytes)));
        const syncup = describePacket(bytes, { family: 'noxu-syncup' }).error;
        expect(syncup?.code).toBe(codeOf(() => decodeSyncup(bytes)));
      }),
      { numRuns: 5_000 },
    );
  });

  it('covers every byte of a state exchange, and refuses what its decoder refuses', () => {
    const label = labelTag('test');
    const messages: StateMessage<typeof a>[] = [
      { type: 'stateRequest', label, digest: 2n ** 63n },
      { type: 'stateReply', digest: 7n },
      { type: 'members', members: [{ id: a, incarnation: 4, state: 'alive' }] },
      { type: 'membersEnd', total: 1 },
      { type: 'streamPing', label },
      { type: 'streamPong', member: { id: b, incarnation: 0, state: 'alive' } },
    ];
    const encoded = messages.map((message) => encodeStateMessage(codec, message));
    for (const [i, bytes] of encoded.entries()) {
      const description = describePacket(bytes);
      expect(description).toMatchObject({ family: 'shoal-state' });
      expect(description.error).toBeUndefined();
      expect(description.fields[0]!.value).toBe(`${32 + i} ${messages[i]!.type}`);
      expect(covered(description.fields)).toBe(bytes.length);
    }
    expect(formatDescription(describePacket(encoded[2]!), encoded[2]!)).toMatchInlineSnapshot(`
      "shoal-state, 26 bytes
      0000  22                  opcode  34 members
      0001  0100                count  1
      0003                      member 0
      0003  00                    flags  alive
      0004  0d31302e302e302e..    id  {"address":"10.0.0.1:7946","generation":9,"metadata":""}
      0019  04                    incarnation  4"
    `);
    fc.assert(
      fc.property(fc.constantFrom(...encoded).chain(mutated), (bytes) => {
        const { error } = describePacket(bytes, { family: 'shoal-state' });
        const said = verdict(bytes, (all) => decodeStateMessage(codec, all));
        expect(said).toBe(error === undefined ? 'read' : 'refused');
      }),
      { numRuns: 5_000 },
    );
  });

  it('has the fields before an error, and where and why it occurred', () => {
    const description = describePacket(ping.subarray(0, 60));
    expect(description.error).toMatchObject({ code: 'truncated' });
    expect(description.fields.at(-1)?.name).toBe('member 0');
    expect(formatDescription(description, ping)).toContain('error: truncated at byte');
  });

  it('never throws, and refuses what the codecs refuse', () => {
    fc.assert(
      fc.property(mutated(ping), (bytes) => {
        describePacket(bytes);
        const error = describePacket(bytes, { family: 'shoal' }).error;
        // describePacket does not know the label. It must agree about everything else.
        if (labelOf(bytes) !== labelOf(ping)) return;
        expect(verdict(bytes)).toBe(error?.code === undefined ? 'read' : 'refused');
      }),
      { numRuns: 5_000 },
    );
  });
});
