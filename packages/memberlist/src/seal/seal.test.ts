import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encryptionWith } from '../../test/aes-gcm.test-helper.ts';
import { toHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { Seal } from './seal.ts';

const body = Uint8Array.of(11, 0x80);
const key = new Uint8Array(16).fill(1);
const other = new Uint8Array(32).fill(2);

describe('a label', () => {
  const blue = new Seal({ label: 'blue' });

  it('stands before the body', () => {
    expect(toHex(blue.sealPacket(body, false))).toBe('f404626c75650b80');
    expect(toHex(blue.openPacket(blue.sealPacket(body, false)))).toBe('0b80');
  });

  it('must be that of the cluster', () => {
    const red = new Seal({ label: 'reds' });
    const plain = new Seal();
    for (const [from, to] of [
      [red, blue],
      [plain, blue],
      [blue, plain],
    ] as const) {
      expect(codeOf(() => to.openPacket(from.sealPacket(body, true)))).toBe('label');
    }
    const packet = blue.sealPacket(body, false);
    expect(codeOf(() => blue.openPacket(packet.subarray(0, 4)))).toBe('truncated');
    expect(codeOf(() => blue.openPacket(Uint8Array.of(244)))).toBe('truncated');
    expect(codeOf(() => plain.openPacket(Uint8Array.of(244, 0, 11, 0x80)))).toBe('label');
  });

  it('has at most 255 bytes', () => {
    const longest = new Seal({ label: 'é'.repeat(127) });
    expect(longest.labelHeader).toHaveLength(256);
    expect(codeOf(() => new Seal({ label: 'é'.repeat(128) }))).toBe('length');
  });
});

describe('a checksum', () => {
  it('is checked when it is there, whoever computes it', () => {
    const seal = new Seal();
    const packet = seal.sealPacket(body, true);
    expect(packet).toEqual(new Seal({ crc32: zlibCrc32 }).sealPacket(body, true));
    expect(seal.openPacket(packet)).toEqual(body);
    packet[6]! ^= 1;
    expect(codeOf(() => seal.openPacket(packet))).toBe('checksum');
    expect(codeOf(() => seal.openPacket(Uint8Array.of(12, 0, 0)))).toBe('truncated');
  });
});

describe.each([0, 1] as const)('encryption of version %d', (version) => {
  const seal = new Seal({ label: 'blue', encryption: encryptionWith([key], { version }) });

  it('round-trips bodies of any length', () => {
    for (let length = 0; length < 40; length++) {
      const bytes = new Uint8Array(length).fill(0x55);
      const packet = seal.sealPacket(bytes, false);
      expect(seal.openPacket(packet)).toEqual(bytes);
      expect(packet.length).toBeLessThanOrEqual(length + seal.packetOverhead);
      expect(seal.openStream(seal.sealStream(bytes))).toEqual(bytes);
    }
  });

  it('is refused when any byte is changed, or the label', () => {
    const packet = seal.sealPacket(body, true);
    for (let i = 0; i < packet.length; i++) {
      // The tag does not cover the version. Its change only shows or hides the padding.
      if (i === seal.labelHeader.length) continue;
      const changed = packet.slice();
      changed[i]! ^= 1;
      expect(codeOf(() => seal.openPacket(changed))).toMatch(/^(label|encryption|truncated)$/);
      const cut = packet.subarray(0, i);
      expect(codeOf(() => seal.openPacket(cut))).toMatch(/^(label|encryption|truncated)$/);
    }
    const stream = seal.sealStream(body);
    stream[4]! ^= 1;
    expect(codeOf(() => seal.openStream(stream))).toBe('encryption');
    const red = new Seal({ label: 'reds', encryption: encryptionWith([key], { version }) });
    const relabelled = Uint8Array.of(...red.labelHeader, ...packet.subarray(6));
    expect(codeOf(() => red.openPacket(relabelled))).toBe('encryption');
  });

  it('is read with any key of the keyring, but sent with the first', () => {
    const both = new Seal({ label: 'blue', encryption: encryptionWith([other, key], { version }) });
    expect(both.openPacket(seal.sealPacket(body, false))).toEqual(body);
    expect(codeOf(() => seal.openPacket(both.sealPacket(body, false)))).toBe('encryption');
  });
});

describe('encryption', () => {
  const plain = new Seal();
  const strict = new Seal({ encryption: encryptionWith([key]) });

  it('is demanded unless clear packets are accepted', () => {
    const lenient = new Seal({ encryption: encryptionWith([key], { acceptClear: true }) });
    const clear = plain.sealPacket(body, true);
    expect(codeOf(() => strict.openPacket(clear))).toBe('encryption');
    expect(lenient.openPacket(clear)).toEqual(body);
    expect(lenient.openPacket(strict.sealPacket(body, true))).toEqual(body);
    expect([plain, lenient, strict].map((seal) => seal.demandsEncryption)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('is left out when clear packets are to be sent', () => {
    const seal = new Seal({ encryption: encryptionWith([key], { sendClear: true }) });
    expect(seal.sealPacket(body, false)).toEqual(body);
    expect(seal.sealStream(body)).toEqual(body);
    expect(seal.packetOverhead).toBe(5);
    expect(seal.openPacket(strict.sealPacket(body, false))).toEqual(body);
  });

  it('of a stream cannot be read without a keyring', () => {
    expect(codeOf(() => plain.openStream(strict.sealStream(body)))).toBe('encryption');
  });

  it('refuses a padding that no sender makes', () => {
    const { keyring, aesGcm, random } = encryptionWith([key]);
    for (const last of [0, 17, 255]) {
      const nonce = random(12);
      const padded = new Uint8Array(16).fill(last);
      const sealed = aesGcm.encrypt(key, nonce, padded, new Uint8Array(0));
      const seal = new Seal({ encryption: { keyring, aesGcm, random } });
      expect(codeOf(() => seal.openPacket(Uint8Array.of(0, ...nonce, ...sealed)))).toBe(
        'encryption',
      );
    }
  });
});
