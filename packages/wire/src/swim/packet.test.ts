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
import { wireErrorOf } from '../../test/wire-error.test-helper.ts';
import { WireError } from '../errors.ts';
import * as bincode from '../formats/bincode.ts';
import * as postcard from '../formats/postcard.ts';
import { shoalCodec } from '../shoal/shoal-codec.ts';
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

describe.each(cases)('packets of %s', (_name, codec, values) => {
  const large = { maxPacketSize: 20_000 };

  it('round-trip, also through one reader for all', () => {
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

  it('decode, if damaged, to a packet that encodes to the same bytes, or are refused', () => {
    fc.assert(
      fc.property(
        values.chain((packet) => mutated(encodePacket(codec, packet, large))),
        (bytes) => {
          try {
            const packet = decodePacket(codec, bytes, large);
            // Its padding may have any length.
            if (packet.header.message.type === 'announce') return;
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

  it('are refused if they exceed the limit or have parts that their message cannot carry', () => {
    fc.assert(
      fc.property(values, (packet) => {
        fc.pre(packet.header.message.type !== 'announce');
        const bytes = encodePacket(codec, packet, large);
        const maxPacketSize = bytes.length - 1;
        expect(wireErrorOf(() => decodePacket(codec, bytes, { maxPacketSize })).code).toBe(
          'length',
        );
        // An encoder may leave out the two bytes of a count of zero, so take one more away.
        const tight = { maxPacketSize: bytes.length - 3 };
        expect(wireErrorOf(() => encodePacket(codec, packet, tight)).code).toBe('capacity');
        if (payloadOf(packet.header.message.type).broadcasts) return;
        const more = Uint8Array.from([...bytes, 0]);
        expect(wireErrorOf(() => decodePacket(codec, more, large)).code).toBe('trailing');
      }),
    );
  });
});
