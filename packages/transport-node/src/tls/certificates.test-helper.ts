import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type GeneralNameType,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

cryptoProvider.set(webcrypto as never);

/** A key and its certificate, as PEM. */
export interface TestIdentity {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority that lives as long as a test. */
export interface TestAuthority {
  readonly ca: string;
  /** Issues a certificate with these alternative names; an expired one if told. */
  issue(
    names: readonly { type: GeneralNameType; value: string }[],
    options?: { expired?: boolean },
  ): Promise<TestIdentity>;
}

let authorities = 0;

export async function createTestAuthority(): Promise<TestAuthority> {
  const keys = await generateKeys();
  const root = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      // Unique: OpenSSL looks up an issuer by its name.
      name: `CN=test authority ${++authorities}`,
      ...validity(false),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [new BasicConstraintsExtension(true, 1, true)],
    },
    webcrypto as never,
  );
  let serial = 1;
  return {
    ca: root.toString('pem'),
    async issue(names, options = {}) {
      const own = await generateKeys();
      serial++;
      const certificate = await X509CertificateGenerator.create(
        {
          serialNumber: serial.toString(16).padStart(2, '0'),
          subject: 'CN=member',
          issuer: root.subject,
          ...validity(options.expired ?? false),
          signingAlgorithm: ALGORITHM,
          publicKey: own.publicKey,
          signingKey: keys.privateKey,
          extensions: [new SubjectAlternativeNameExtension([...names])],
        },
        webcrypto as never,
      );
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey));
      const lines = pkcs8.toString('base64').replace(/.{64}/g, '$&\n');
      return {
        key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
        cert: certificate.toString('pem'),
      };
    },
  };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as never;
}

function validity(expired: boolean): { notBefore: Date; notAfter: Date } {
  const day = 24 * 60 * 60 * 1000;
  const end = Date.now() + (expired ? -day : day);
  return { notBefore: new Date(end - 2 * day), notAfter: new Date(end) };
}
