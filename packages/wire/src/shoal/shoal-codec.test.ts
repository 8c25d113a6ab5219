import { describe, expect, it } from 'vitest';
import { wireErrorOf } from '../../test/wire-error.test-helper.ts';
import { decodePacket, encodePacket, type Packet } from '../swim/packet.ts';
import type { NodeIdentity } from './node-identity.ts';
import { labelTag, shoalCodec } from './shoal-codec.ts';

const shoal = shoalCodec({ label: 'test' });

describe('a shoal packet', () => {
  const a = { address: '10.0.0.1:7946', generation: 1, metadata: new Uint8Array(0) };
  const header = { src: a, srcIncarnation: 0, dst: a, message: { type: 'gossip' as const } };
  const bytes = encodePacket(shoal, { header, members: [], broadcasts: [] });

  it('is refused with the matching code if it has another magic, version or label', () => {
    expect(wireErrorOf(() => decodePacket(shoal, Uint8Array.of(1, 2, 3)))).toMatchObject({
      code: 'magic',
    });
    const newer = bytes.slice();
    newer[1] = 2;
    expect(wireErrorOf(() => decodePacket(shoal, newer))).toMatchObject({
      code: 'version',
      offset: 1,
    });
    const other = shoalCodec({ label: 'other' });
    expect(wireErrorOf(() => decodePacket(other, bytes))).toMatchObject({
      code: 'label',
      offset: 2,
    });
    expect(labelTag('test')).toBe(0xd87f7e0c);
  });

  it('cannot have an identity that is too large, or flags that contradict the state', () => {
    const long = { ...a, address: 'x'.repeat(256) };
    const member = { id: long, incarnation: 0, state: 'alive' as const };
    expect(
      wireErrorOf(() => encodePacket(shoal, { header, members: [member], broadcasts: [] })).code,
    ).toBe('length');
    const fat = { ...a, metadata: new Uint8Array(513) };
    expect(
      wireErrorOf(() =>
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
    expect(wireErrorOf(() => decodePacket(shoal, flagged))).toMatchObject({
      code: 'variant',
      offset: bytes.length,
    });
  });
});

describe('an announce', () => {
  const codec = shoalCodec({ label: 'test' });
  const id = (address: string): NodeIdentity => {
    return { address, generation: 1, metadata: new Uint8Array(0) };
  };
  const packet: Packet<NodeIdentity> = {
    header: { src: id('a:1'), srcIncarnation: 0, dst: id('b:1'), message: { type: 'announce' } },
    members: [],
    broadcasts: [],
  };

  it('is padded with zeros to 240 bytes, or to the longest packet if that is shorter', () => {
    expect(encodePacket(codec, packet)).toHaveLength(240);
    expect(encodePacket(codec, packet, { maxPacketSize: 128 })).toHaveLength(128);
  });

  it('is accepted with any number of zeros, and with nothing else', () => {
    const bytes = encodePacket(codec, packet, { maxPacketSize: 128 });
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    for (const length of [end, end + 1, 128]) {
      expect(decodePacket(codec, bytes.subarray(0, length))).toEqual(packet);
    }
    bytes[127] = 1;
    expect(() => decodePacket(codec, bytes)).toThrow(expect.objectContaining({ code: 'trailing' }));
  });
});
