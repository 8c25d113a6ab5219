import { type ByteReader, ByteWriter } from '@shoal/wire';
import { type AesGcm, NONCE_LENGTH, TAG_LENGTH } from './aes-gcm.ts';
import type { GossipKeyring } from './gossip-keyring.ts';

// A cipher: its version as a u8, a nonce of 12 bytes, the ciphertext and a tag of 16 bytes. In version
// 0 the plaintext is padded to whole blocks, as PKCS #7 (RFC 5652, 6.3) says. The tag does not cover
// the version.

/** The version of a cipher: 1, or 0 for members that speak only the first protocol. */
export type CipherVersion = 0 | 1;

const BLOCK = 16;

/** How many bytes a cipher has more than its ciphertext. */
const OVERHEAD: number = 1 + NONCE_LENGTH + TAG_LENGTH;

/** What encryption and decryption need. */
export interface CipherOptions {
  /** The secret keys. Changes take effect at once. */
  readonly keyring: GossipKeyring;
  /** The cipher of the platform. */
  readonly aesGcm: AesGcm;
}

/** How to encrypt one body. */
export interface EncryptOptions extends CipherOptions {
  readonly version: CipherVersion;
  /** 12 bytes that are never used again with the key. */
  readonly nonce: Uint8Array;
}

/** How long the cipher of a plaintext is, in bytes. */
export function cipherLength(plainLength: number, version: CipherVersion): number {
  const padding = version === 0 ? BLOCK - (plainLength % BLOCK) : 0;
  return OVERHEAD + plainLength + padding;
}

/** Appends the cipher of `plain`, encrypted with the primary key. */
export function writeCipher(
  writer: ByteWriter,
  plain: Uint8Array,
  associated: Uint8Array,
  { keyring, aesGcm, version, nonce }: EncryptOptions,
): void {
  writer.u8(version);
  writer.raw(nonce);
  const padded = version === 0 ? withPadding(plain) : plain;
  writer.raw(aesGcm.encrypt(keyring.keys[0]!, nonce, padded, associated));
}

/**
 * Reads a cipher to the end of the input, and returns its plaintext. Throws a `WireError` with code
 * `encryption` for an unknown version, or if no key of the keyring decrypts it, and `truncated` if
 * it is too short.
 */
export function readCipher(
  reader: ByteReader,
  associated: Uint8Array,
  { keyring, aesGcm }: CipherOptions,
): Uint8Array {
  const start = reader.offset;
  const version = reader.u8();
  if (version > 1) reader.fail('encryption', `a cipher of version 0 or 1, not ${version}`, start);
  const nonce = reader.view(NONCE_LENGTH);
  const minimum = TAG_LENGTH + (version === 0 ? BLOCK : 0);
  if (reader.remaining < minimum) reader.fail('truncated', `${minimum} bytes of a cipher`);
  const sealed = reader.view(reader.remaining);
  for (const key of keyring.keys) {
    const plain = aesGcm.decrypt(key, nonce, sealed, associated);
    if (plain) return version === 0 ? withoutPadding(reader, plain, start) : plain;
  }
  return reader.fail('encryption', 'a cipher that a key of the keyring decrypts', start);
}

function withPadding(plain: Uint8Array): Uint8Array {
  const padding = BLOCK - (plain.length % BLOCK);
  const writer = new ByteWriter({ capacity: plain.length + padding, fixed: true });
  writer.raw(plain);
  for (let i = 0; i < padding; i++) writer.u8(padding);
  return writer.bytes;
}

function withoutPadding(reader: ByteReader, plain: Uint8Array, start: number): Uint8Array {
  const padding = plain.at(-1) ?? 0;
  if (padding >= 1 && padding <= Math.min(BLOCK, plain.length)) return plain.subarray(0, -padding);
  return reader.fail('encryption', `a padding of 1..${BLOCK} bytes, not ${padding}`, start);
}
