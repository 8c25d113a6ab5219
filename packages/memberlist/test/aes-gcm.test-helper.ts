import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { AesGcm } from '../src/seal/aes-gcm.ts';
import { GossipKeyring } from '../src/seal/gossip-keyring.ts';
import type { EncryptionOptions } from '../src/seal/seal.ts';

const algorithm = (key: Uint8Array): 'aes-256-gcm' => `aes-${key.length * 8}-gcm` as 'aes-256-gcm';

/** The AES-GCM of Node. */
const nodeAesGcm: AesGcm = {
  encrypt(key, nonce, plain, associated) {
    const cipher = createCipheriv(algorithm(key), key, nonce);
    cipher.setAAD(associated);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return Uint8Array.from(sealed);
  },
  decrypt(key, nonce, sealed, associated) {
    const decipher = createDecipheriv(algorithm(key), key, nonce, { authTagLength: 16 });
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(-16));
    const plain = decipher.update(sealed.subarray(0, -16));
    try {
      decipher.final();
      return Uint8Array.from(plain);
    } catch {
      return undefined;
    }
  },
};

/** Encryption with these keys, the primary one first. */
export function encryptionWith(
  [primary, ...others]: readonly Uint8Array[],
  options: Partial<EncryptionOptions> = {},
): EncryptionOptions {
  const keyring = new GossipKeyring(primary!, others);
  return { keyring, aesGcm: nodeAesGcm, random: randomBytes, ...options };
}
