import { describe, expect, it } from 'vitest';
import { wireErrorOf } from '../../test/wire-error.test-helper.ts';
import * as postcard from '../formats/postcard.ts';
import { focaCodec } from './foca-codec.ts';
import { decodePacket, encodePacket } from './packet.ts';

describe('a foca packet', () => {
  const codec = focaCodec({
    format: postcard,
    identity: postcard.struct({ addr: postcard.socketAddress, bump: postcard.u64 }),
  });
  const a = { addr: '127.0.0.1:7946', bump: 0n };
  const b = { addr: '[::1]:7946', bump: 1n };
  const header = { src: a, srcIncarnation: 0, dst: b, message: { type: 'gossip' as const } };

  it('cannot carry members in an announce, or broadcasts in a turnUndead', () => {
    const announce = { ...header, message: { type: 'announce' as const } };
    const member = { id: a, incarnation: 0, state: 'alive' as const };
    const bad = { header: announce, members: [member], broadcasts: [] };
    expect(wireErrorOf(() => encodePacket(codec, bad)).code).toBe('variant');
    const undead = { ...header, message: { type: 'turnUndead' as const } };
    const worse = { header: undead, members: [], broadcasts: [new Uint8Array(1)] };
    expect(wireErrorOf(() => encodePacket(codec, worse)).code).toBe('variant');
  });

  it('is truncated if one byte follows its header', () => {
    const bytes = encodePacket(codec, { header, members: [], broadcasts: [] });
    expect(wireErrorOf(() => decodePacket(codec, bytes.subarray(0, -1))).code).toBe('truncated');
    expect(decodePacket(codec, bytes.subarray(0, -2)).members).toEqual([]);
  });

  it('cannot carry a nack', () => {
    const nack = { ...header, message: { type: 'nack' as const, target: b, probeNumber: 1 } };
    const packet = { header: nack, members: [], broadcasts: [] };
    expect(wireErrorOf(() => encodePacket(codec, packet)).code).toBe('variant');
  });
});
