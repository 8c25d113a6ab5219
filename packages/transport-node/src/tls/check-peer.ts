import type { TLSSocket } from 'node:tls';
import { TransportError } from '@shoal/transport';
import { certificateNames } from './certificate-names.ts';

/**
 * The DNS names and URIs in the peer's certificate. Throws `untrusted` unless the certificate is
 * valid and, if `allow` is given, has one of those names.
 */
export function checkPeer(socket: TLSSocket, allow: readonly string[] | undefined): string[] {
  if (!socket.authorized)
    throw new TransportError('untrusted', 'the peer has no valid certificate');
  // Asked once: Node hands the certificate out only the first time.
  const names = certificateNames(socket.getPeerX509Certificate()?.subjectAltName ?? '');
  if (allow === undefined) return names;
  if (names.some((name) => allow.some((allowed) => isSameName(allowed, name)))) return names;
  const shown = names.join(', ').slice(0, 300) || 'no name';
  throw new TransportError(
    'untrusted',
    `the peer's certificate is for ${shown}, which is not allowed`,
  );
}

/** DNS names ignore case; URIs do not. */
function isSameName(a: string, b: string): boolean {
  return a === b || (!a.includes(':') && a.toLowerCase() === b.toLowerCase());
}
