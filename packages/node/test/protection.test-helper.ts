import { randomBytes } from 'node:crypto';
import type { StreamTransport } from '@shoal/transport';
import {
  createKeyringTransport,
  createTcpTransport,
  createTlsTransport,
  Keyring,
  type TlsOptions,
} from '@shoal/transport-node';
import { createTestAuthority } from '../../transport-node/src/tls/certificates.test-helper.ts';
import type { NodeOptions } from '../src/index.ts';

/** The columns of the table in docs/security.md. */
export const PROTECTIONS = ['plain', 'keyring', 'keyring and TLS'] as const;
export type Protection = (typeof PROTECTIONS)[number];

/** The options that protect each of some nodes. */
export async function protect(
  protection: Protection,
  names: readonly string[],
): Promise<Record<string, Partial<NodeOptions>>> {
  const key = randomBytes(32);
  const authority = protection === 'keyring and TLS' ? await createTestAuthority() : undefined;
  const options: Record<string, Partial<NodeOptions>> = {};
  for (const name of names) {
    const keyring = protection === 'plain' ? undefined : new Keyring(key);
    let tls: TlsOptions | undefined;
    if (authority) {
      const subject = [
        { type: 'dns', value: name },
        { type: 'ip', value: '127.0.0.1' },
      ] as const;
      tls = { ...(await authority.issue([...subject])), ca: authority.ca };
    }
    options[name] = { keyring, tls };
  }
  return options;
}

/** The streams of somebody who has what protects a node. */
export function streamsOf({ keyring, tls }: Partial<NodeOptions>): StreamTransport {
  if (tls) return createTlsTransport(tls);
  return keyring ? createKeyringTransport({ keyring, label: 'shoal' }) : createTcpTransport();
}
