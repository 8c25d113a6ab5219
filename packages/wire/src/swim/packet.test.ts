import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FOCA_LIMITS,
  focaIdentity,
  headers,
  members,
  mutated,
  nodeIdentityValue,
  SHOAL_LIMITS,
} from '../../test/arbitraries.test-helper.ts';
import { WireError } from '../errors.ts';
import * as bincode from '../formats/bincode.ts';
import * as postcard from '../formats/postcard.ts';
import { labelTag, shoalCodec } from '../shoal/shoal-codec.ts';
import { focaCodec } from './foca-codec.ts';
import { payloadOf } from './message.ts';
import { decodePacket, encodePacket, type Packet, PacketReader } from './packet.ts';
import type { SwimCodec } from './swim-codec.ts';

const shoal = shoalCodec({ label: 'test' });
const reference = nodeIdentityValue.map((id) => ({ ...id, metadata: new Uint8Array(0) }));

function focaOf(
  format: typeof postcard | typeof bincode,
): SwimCodec<{ addr: string; bump: bigint }> {
  return focaCodec({
    format,
    identity: format.struct({ addr: format.socketAddress, bump: format.u64 }),
  });
}

function packets<Id>(
  header: fc.Arbitrary<Packet<Id>['header']>,
  member: fc.Arbitrary<Packet<Id>['members'][number]>,
): fc.Arbitrary<Packet<Id>> {
  return fc
    .tuple(
      header,
      fc.array(member, { maxLength: 10 }),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 4 }),
    )
    .map(([header, members, broadcasts]) => {
      const allowed = payloadOf(header.message.type);
      return {
        header,
        members: allowed.members ? members : [],
        broadcasts: allowed.broadcasts ? broadcasts : [],
      };
    });
}

const cases: [string, SwimCodec<unknown>, fc.Arbitrary<Packet<unknown>>][] = [
  [
    'foca with postcard',
    focaOf(postcard) as SwimCodec<unknown>,
    packets(headers(focaIdentity, focaIdentity, FOCA_LIMITS), members(focaIdentity, FOCA_LIMITS)),
  ],
  [
    'foca with bincode',
    focaOf(bincode) as SwimCodec<unknown>,
    packets(headers(focaIdentity, focaIdentity, FOCA_LIMITS), members(focaIdentity, FOCA_LIMITS)),
  ],
  [
    'shoal',
    shoal as SwimCodec<unknown>,
    packets(
      headers(nodeIdentityValue, reference, SHOAL_LIMITS),
      members(nodeIdentityValue, SHOAL_LIMITS),
    ),
  ],
];

function refusal(run: () => unknown): WireError {
  try {
    run();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe.each(cases)('packets of %s', (_name, codec, values) => {
  const large = { maxPacketSize: 20_000 };

  it('come back as they went, through one reader too', () => {
    const reader = new PacketReader(codec);
    fc.assert(
      fc.property(values, (packet) => {
        const bytes = encodePacket(codec, packet, large);
        expect(decodePacket(codec, bytes, large)).toEqual(packet);
        expect(reader.read(bytes)).toEqual(packet.header);
        expect(reader.count).toBe(packet.members.length);
        for (let i = 0; i < reader.count; i++) {
          expect(reader.records[i]).toMatchObject(packet.members[i] as object);
        }
      }),
    );
  });

  it('when damaged decode to what encodes to the same bytes, or are refused', () => {
    fc.assert(
      fc.property(
        values.chain((packet) => mutated(encodePacket(codec, packet, large))),
        (bytes) => {
          try {
            const packet = decodePacket(codec, bytes, large);
            // A body may be left out altogether; then an encoder adds a count of zero.
            const again = encodePacket(codec, packet, large);
            expect(again.subarray(0, bytes.length)).toEqual(bytes);
            expect(again.length - bytes.length).toBeOneOf([0, 2]);
          } catch (error) {
            if (!(error instanceof WireError)) throw error;
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('are refused when over the limit, and with bytes that they may not carry', () => {
    fc.assert(
      fc.property(values, (packet) => {
        const bytes = encodePacket(codec, packet, large);
        const maxPacketSize = bytes.length - 1;
        expect(refusal(() => decodePacket(codec, bytes, { maxPacketSize })).code).toBe('length');
        // An encoder may leave out the two bytes of a count of zero, so take one more away.
        const tight = { maxPacketSize: bytes.length - 3 };
        expect(refusal(() => encodePacket(codec, packet, tight)).code).toBe('capacity');
        if (payloadOf(packet.header.message.type).broadcasts) return;
        const more = Uint8Array.from([...bytes, 0]);
        expect(refusal(() => decodePacket(codec, more, large)).code).toBe('trailing');
      }),
    );
  });
});

describe('a foca packet', () => {
  const codec = focaOf(postcard);
  const a = { addr: '127.0.0.1:7946', bump: 0n };
  const b = { addr: '[::1]:7946', bump: 1n };
  const header = { src: a, srcIncarnation: 0, dst: b, message: { type: 'gossip' as const } };

  it('carries neither members in an announce nor broadcasts in a turnUndead', () => {
    const announce = { ...header, message: { type: 'announce' as const } };
    const member = { id: a, incarnation: 0, state: 'alive' as const };
    const bad = { header: announce, members: [member], broadcasts: [] };
    expect(refusal(() => encodePacket(codec, bad)).code).toBe('variant');
    const undead = { ...header, message: { type: 'turnUndead' as const } };
    const worse = { header: undead, members: [], broadcasts: [new Uint8Array(1)] };
    expect(refusal(() => encodePacket(codec, worse)).code).toBe('variant');
  });

  it('with one byte behind its header is malformed', () => {
    const bytes = encodePacket(codec, { header, members: [], broadcasts: [] });
    expect(refusal(() => decodePacket(codec, bytes.subarray(0, -1))).code).toBe('truncated');
    expect(decodePacket(codec, bytes.subarray(0, -2)).members).toEqual([]);
  });

  it('cannot carry a nack', () => {
    const nack = { ...header, message: { type: 'nack' as const, target: b, probeNumber: 1 } };
    const packet = { header: nack, members: [], broadcasts: [] };
    expect(refusal(() => encodePacket(codec, packet)).code).toBe('variant');
  });
});

describe('a shoal packet', () => {
  const a = { address: '10.0.0.1:7946', generation: 1, metadata: new Uint8Array(0) };
  const header = { src: a, srcIncarnation: 0, dst: a, message: { type: 'gossip' as const } };
  const bytes = encodePacket(shoal, { header, members: [], broadcasts: [] });

  it('is refused by name when it is none, of another version, or of another cluster', () => {
    expect(refusal(() => decodePacket(shoal, Uint8Array.of(1, 2, 3)))).toMatchObject({
      code: 'magic',
    });
    const newer = bytes.slice();
    newer[1] = 2;
    expect(refusal(() => decodePacket(shoal, newer))).toMatchObject({ code: 'version', offset: 1 });
    const other = shoalCodec({ label: 'other' });
    expect(refusal(() => decodePacket(other, bytes))).toMatchObject({ code: 'label', offset: 2 });
    expect(labelTag('test')).toBe(0xd87f7e0c);
  });

  it('refuses identities and flags that break their limits', () => {
    const long = { ...a, address: 'x'.repeat(256) };
    const member = { id: long, incarnation: 0, state: 'alive' as const };
    expect(
      refusal(() => encodePacket(shoal, { header, members: [member], broadcasts: [] })).code,
    ).toBe('length');
    const fat = { ...a, metadata: new Uint8Array(513) };
    expect(
      refusal(() =>
        encodePacket(shoal, { header: { ...header, src: fat }, members: [], broadcasts: [] }),
      ).code,
    ).toBe('length');
    const good = encodePacket(shoal, {
      header,
      members: [{ id: a, incarnation: 0, state: 'alive' }],
      broadcasts: [],
    });
    const flagged = good.slice();
    flagged[bytes.length] = 0b0100;
    expect(refusal(() => decodePacket(shoal, flagged))).toMatchObject({
      code: 'variant',
      offset: bytes.length,
    });
  });
});
