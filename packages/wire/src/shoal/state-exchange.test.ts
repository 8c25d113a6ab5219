import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FOCA_LIMITS,
  focaIdentity,
  members,
  mutated,
  nodeIdentityValue,
  SHOAL_LIMITS,
} from '../../test/arbitraries.test-helper.ts';
import { fromHex } from '../../test/vectors.test-helper.ts';
import { WireError } from '../errors.ts';
import * as postcard from '../formats/postcard.ts';
import { focaCodec } from '../swim/foca-codec.ts';
import type { Member } from '../swim/message.ts';
import type { NodeIdentity } from './node-identity.ts';
import { shoalCodec } from './shoal-codec.ts';
import {
  decodeStateMessage,
  encodeStateMembers,
  encodeStateMessage,
  MAX_STATE_MESSAGE,
  type StateMessage,
} from './state-exchange.ts';

const codec = shoalCodec({ label: 'prod' });
const foca = focaCodec({
  format: postcard,
  identity: postcard.struct({ addr: postcard.socketAddress, bump: postcard.u64 }),
});

function anyMessage<Id>(member: fc.Arbitrary<Member<Id>>): fc.Arbitrary<StateMessage<Id>> {
  const u32 = fc.nat(0xffff_ffff);
  const digest = fc.bigInt(0n, 2n ** 64n - 1n);
  const text = fc.string({ unit: 'grapheme-composite', maxLength: 30 });
  return fc.oneof(
    fc.record({ type: fc.constant('stateRequest' as const), label: u32, digest }),
    fc.record({ type: fc.constant('stateReply' as const), digest }),
    fc.record({ type: fc.constant('members' as const), members: fc.array(member) }),
    fc.record({ type: fc.constant('membersEnd' as const), total: u32 }),
    fc.record({ type: fc.constant('streamPing' as const), label: u32 }),
    fc.record({ type: fc.constant('streamPong' as const), member }),
    fc.record({ type: fc.constant('goodbye' as const), code: fc.nat(0xffff), reason: text }),
  );
}

const shoalMessage = anyMessage(members(nodeIdentityValue, SHOAL_LIMITS));

function member(i: number, metadata = 0): Member<NodeIdentity> {
  const id = { address: `10.0.0.1:${i}`, generation: i, metadata: new Uint8Array(metadata) };
  return { id, incarnation: i, state: 'alive' };
}

describe('state exchange messages', () => {
  it('round-trip with either codec', () => {
    fc.assert(
      fc.property(shoalMessage, (message) => {
        expect(decodeStateMessage(codec, encodeStateMessage(codec, message))).toEqual(message);
      }),
    );
    fc.assert(
      fc.property(anyMessage(members(focaIdentity, FOCA_LIMITS)), (message) => {
        expect(decodeStateMessage(foca, encodeStateMessage(foca, message))).toEqual(message);
      }),
    );
  });

  it('decode any bytes to a message, or throw a WireError', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc
        .tuple(fc.constantFrom(25, 32, 33, 34, 35, 36, 37), fc.uint8Array({ maxLength: 60 }))
        .map(([opcode, rest]) => Uint8Array.of(opcode, ...rest)),
      shoalMessage.chain((message) => mutated(encodeStateMessage(codec, message))),
    );
    let refused = 0;
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          const message = decodeStateMessage(codec, input);
          expect(encodeStateMessage(codec, message)).toEqual(input);
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it.each([
    ['', 'truncated'],
    ['01', 'variant'],
    ['26', 'variant'],
    ['2053484c4e010000000000000000000000', 'magic'],
    ['2453484c4d0200000000', 'version'],
    ['2453484c4d010000000000', 'trailing'],
    ['220500', 'length'],
    ['22010003', 'variant'],
  ])('refuses %s: %s', (hex, code) => {
    const decode = (): unknown => decodeStateMessage(codec, fromHex(hex));
    expect(decode).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a frame that is too long', () => {
    const long = new Uint8Array(MAX_STATE_MESSAGE + 1).fill(34);
    expect(() => decodeStateMessage(codec, long)).toThrow('length');
    const many = Array.from({ length: 200 }, (_, i) => member(i, 512));
    expect(() => encodeStateMessage(codec, { type: 'members', members: many })).toThrow('length');
  });

  it('split many members into messages that are as full as possible', () => {
    const all = Array.from({ length: 9000 }, (_, i) => member(i, i % 512));
    const frames = [...encodeStateMembers(codec, all)];
    const read: Member<NodeIdentity>[] = [];
    for (const [i, frame] of frames.entries()) {
      expect(frame.length).toBeLessThanOrEqual(MAX_STATE_MESSAGE);
      const message = decodeStateMessage(codec, frame);
      if (i === frames.length - 1) expect(message).toEqual({ type: 'membersEnd', total: 9000 });
      else if (message.type === 'members') read.push(...message.members);
      if (i < frames.length - 2) expect(frame.length).toBeGreaterThan(MAX_STATE_MESSAGE - 600);
    }
    const shown = ({ id, incarnation }: Member<NodeIdentity>): unknown =>
      `${id.address} ${id.metadata.length} ${incarnation}`;
    expect(read.map(shown)).toEqual(all.map(shown));
    expect([...encodeStateMembers(codec, [])]).toEqual([Uint8Array.of(35, 0, 0, 0, 0)]);
  });
});
