import { describe, expect, it } from 'vitest';
import { encryptionWith } from '../../test/aes-gcm.test-helper.ts';
import { fromHex, RELEASES, readVectors } from '../../test/vectors.test-helper.ts';
import {
  describeMemberlistPacket,
  formatMemberlistDescription,
  type MemberlistLayer,
} from './describe-memberlist.ts';

const PACKET = '0c55ff57b20383a446726f6da161ab496e6361726e6174696f6e01a44e6f6465a163';

function errorsOf(layers: readonly MemberlistLayer[]): unknown[] {
  return layers.flatMap(({ description }) => description.error ?? []);
}

describe('describeMemberlistPacket', () => {
  it('names each field as Go does', () => {
    const text = formatMemberlistDescription(describeMemberlistPacket(fromHex(PACKET)));
    expect(text.split('\n')).toEqual([
      'memberlist-packet, 34 bytes',
      '0000  0c                  type  12 crc',
      '0001  55ff57b2            crc32  55ff57b2',
      '0005  03                  type  3 suspect',
      '0006  83                  fields  3',
      '0007  a446726f6da161      From  a',
      '000e  ab496e6361726e61..  Incarnation  1',
      '001b  a44e6f6465a163      Node  c',
    ]);
  });

  it('shows the parts of a compound, and what cannot be read', () => {
    const parts = fromHex('0702' + '0005' + '0002' + '0b81a15801' + 'ff63');
    const text = formatMemberlistDescription(describeMemberlistPacket(parts));
    expect(text).toContain('part 0');
    expect(text).toContain('X  1 bytes');
    expect(text).toContain(
      'error: variant at byte 11: expected a message that may stand here, not 255',
    );
  });

  it.each(RELEASES)('describes everything that memberlist %s sends', (release) => {
    let layers = 0;
    for (const { kind, keys, label, hex, reply, scenario } of readVectors(release)) {
      const stream = kind === 'stream';
      const encryption = keys && encryptionWith(keys.map(fromHex));
      const described = describeMemberlistPacket(fromHex(hex), { stream, encryption });
      expect(errorsOf(described)).toEqual([]);
      layers += described.length;
      if (reply === undefined || scenario === 'errors') continue;
      const answer = describeMemberlistPacket(fromHex(reply), { stream, encryption, label });
      expect(errorsOf(answer)).toEqual([]);
      expect(formatMemberlistDescription(answer)).not.toContain('ignored');
    }
    expect(layers).toBeGreaterThan(100);
  });

  it('never throws, whatever is missing', () => {
    for (const { kind, keys, hex } of readVectors('0.3.1')) {
      const bytes = fromHex(hex);
      const encryption = keys && encryptionWith(keys.map(fromHex));
      const stream = kind === 'stream';
      for (let end = 0; end < bytes.length; end += 3) {
        const layers = describeMemberlistPacket(bytes.subarray(0, end), { stream, encryption });
        expect(layers.length).toBeGreaterThan(0);
      }
    }
  });

  it('reports a wrong checksum, and a key that is missing', () => {
    const damaged = fromHex(PACKET.replace('55ff', '55fe'));
    expect(errorsOf(describeMemberlistPacket(damaged))).toMatchObject([
      { code: 'checksum', offset: 1 },
    ]);
    const encrypted = readVectors('0.7.0').find(({ scenario }) => scenario === 'encrypt128');
    const encryption = encryptionWith([new Uint8Array(16)]);
    const layers = describeMemberlistPacket(fromHex(encrypted!.hex), { stream: true, encryption });
    expect(errorsOf(layers)).toMatchObject([{ code: 'encryption', offset: 5 }]);
  });
});
