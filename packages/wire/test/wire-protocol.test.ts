import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NodeIdentity } from '../src/shoal/node-identity.ts';
import { labelTag, shoalCodec } from '../src/shoal/shoal-codec.ts';
import { decodePacket, encodePacket, type Packet } from '../src/swim/packet.ts';
import { toHex } from './vectors.test-helper.ts';

// The examples of docs/wire-protocol.md, which are blocks marked "hex NAME".
const doc = readFileSync(new URL('../../../docs/wire-protocol.md', import.meta.url), 'utf8');
const examples = new Map(
  [...doc.matchAll(/^```hex (\w+)\n([\s\S]*?)^```/gm)].map(([, name, body]) => [
    name!,
    body!.replace(/#.*$/gm, '').replace(/\s+/g, ''),
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

  it('have the tag that is told there', () => {
    expect(doc).toContain(`\`${labelTag('prod').toString(16).padStart(8, '0')}\``);
  });

  it.each(Object.entries(packets))('%s is what the codec writes and reads', (name, packet) => {
    const hex = examples.get(name);
    expect(toHex(encodePacket(codec, packet))).toBe(hex);
    const bytes = Uint8Array.from(hex!.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    expect(decodePacket(codec, bytes)).toEqual(packet);
  });
});
