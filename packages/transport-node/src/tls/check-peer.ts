import type { TLSSocket } from 'node:tls';
import { TransportError } from '@shoal/transport';
import { certificateNames } from './certificate-names.ts';

/**
 * Throws `untrusted` unless the peer's certificate is valid and, if `allow` is given, has one of
 * its names.
 */
export function checkPeer(socket: TLSSocket, allow: readonly string[] | undefined): void {
  if (!socket.authorized)
    throw new TransportError('untrusted', 'the peer has no valid certificate');
  if (allow === undefined) return;
  const names = peerNames(socket);
  if (names.some((name) => allow.some((allowed) => isSameName(allowed, name)))) return;
  const shown = names.join(', ').slice(0, 300) || 'no name';
  throw new TransportError(
    'untrusted',
    `the peer's certificate is for ${shown}, which is not allowed`,
  );
}

/** The DNS names and URIs in the peer's certificate. */
export function peerNames(socket: TLSSocket): string[] {
  return certificateNames(socket.getPeerX509Certificate()?.subjectAltName ?? '');
}

/** DNS names ignore case; URIs do not. */
function isSameName(a: string, b: string): boolean {
  return a === b || (!a.includes(':') && a.toLowerCase() === b.toLowerCase());
}
