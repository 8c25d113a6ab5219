/** The length of the nonce of AES-GCM, in bytes. */
export const NONCE_LENGTH = 12;
/** The length of its tag, in bytes. */
export const TAG_LENGTH = 16;

/**
 * AES-GCM, which the platform must provide: the codec has no cipher of its own. The key has 16, 24 or
 * 32 bytes, the nonce 12, the tag 16. Both methods are synchronous, because a datagram is read and
 * answered at once.
 */
export interface AesGcm {
  /** Encrypts, and returns the ciphertext followed by the tag. */
  encrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    plain: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array;
  /** Decrypts a ciphertext followed by its tag. Returns undefined if the tag does not match. */
  decrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array | undefined;
}
