import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encryptionWith } from '../../test/aes-gcm.test-helper.ts';
import { packetMessage } from '../../test/arbitraries.test-helper.ts';
import { toHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { encodeMessage } from '../messages/message-codec.ts';
import { Seal } from '../seal/seal.ts';
import { decodeMemberlistPacket, encodeMemberlistPacket } from './packet.ts';

const key = new Uint8Array(32).fill(7);
const seals = fc.constantFrom(
  new Seal(),
  new Seal({ label: 'blue' }),
  new Seal({ encryption: encryptionWith([key]) }),
  new Seal({ label: 'grün', encryption: encryptionWith([key], { version: 0 }) }),
);

describe('a packet', () => {
  it('round-trips whatever is around its messages', () => {
    const lists = fc.array(packetMessage, { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(lists, seals, fc.boolean(), fc.boolean(), (messages, seal, compress, crc) => {
        const packet = encodeMemberlistPacket(messages, { seal, compress, crc });
        expect(decodeMemberlistPacket(packet, { seal })).toMatchObject({ messages, errors: [] });
        const parts = messages.map(encodeMessage);
        const again = encodeMemberlistPacket(parts, { seal, compress, crc });
        expect(decodeMemberlistPacket(again, { seal })).toMatchObject({ messages, errors: [] });
      }),
    );
  });

  it('is compressed only if that makes it shorter', () => {
    const seal = new Seal();
    const short = { type: 'user', payload: Uint8Array.of(1) } as const;
    expect(toHex(encodeMemberlistPacket([short], { seal, compress: true }))).toBe('0801');
    const long = { type: 'user', payload: new Uint8Array(1000) } as const;
    const packet = encodeMemberlistPacket([long], { seal, compress: true });
    expect(packet[0]).toBe(9);
    expect(packet.length).toBeLessThan(100);
    expect(decodeMemberlistPacket(packet, { seal, maxLength: 1000 }).errors).toMatchObject([
      { code: 'length' },
    ]);
  });

  it('has 1..255 messages', () => {
    const seal = new Seal();
    expect(codeOf(() => encodeMemberlistPacket([], { seal }))).toBe('capacity');
    const many = Array(256).fill({ type: 'nack', seqNo: 1 });
    expect(codeOf(() => encodeMemberlistPacket(many, { seal }))).toBe('capacity');
  });
});
