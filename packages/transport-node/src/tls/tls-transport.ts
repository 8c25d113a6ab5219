import { checkServerIdentity, type PeerCertificate, type Server, type TLSSocket } from 'node:tls';
import { type PeerProof, type StreamTransport, TransportError } from '@shoal/transport';
import { hostFamily, wholeNumber } from '@shoal/transport/internal';
import { streamLimits } from '../sockets/stream-options.ts';
import { checkPeer } from './check-peer.ts';
import { secureTransport } from './secure-transport.ts';
import { type Credentials, readContext, secureOptions, type TlsOptions } from './tls-options.ts';

/** A {@link StreamTransport} over TLS, whose certificate can be replaced. */
export interface TlsTransport extends StreamTransport {
  /**
   * Uses another key, certificate and authorities from now on, for dialing and on every open
   * listener. Connections that are open stay open. What is left out stays as it is. Throws
   * `argument`, with nothing changed, if something is missing or cannot be read.
   */
  setCredentials(credentials: Partial<Credentials>): void;
}

/**
 * Creates a transport for framed connections over TLS 1.3, with certificates on both sides unless
 * `mutual` is false. Framing, limits and timeouts are those of `createTcpTransport`. The names in a
 * peer's certificate are `peer.names` of the connection.
 *
 * In TLS 1.3 a listener checks the peer's certificate after the peer's `dial` has resolved: a
 * refused peer finds its connection lost. Throws `argument` for an option that is missing or out of
 * range, or for a key or certificate that cannot be read. `listen` rejects with `argument` without
 * a `key`.
 */
export function createTlsTransport(options: TlsOptions): TlsTransport {
  const { mutual = true, allow } = options;
  let current: TlsOptions = options;
  let secure = secureOptions(options);
  let secureContext = readContext(secure);
  const servers = new Set<Server>();
  const check = (socket: TLSSocket): PeerProof => ({ names: checkPeer(socket, allow) });
  const transport = secureTransport({
    limits: streamLimits(options),
    handshakeTimeout: wholeNumber(options, 'handshakeTimeout', { preset: 5000, min: 1 }),
    dialing: ({ host }) => ({
      options: {
        secureContext,
        servername: hostFamily(host) === 0 ? host : '',
        checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
          // With `allow` the name in the list counts, not the host.
          allow ? undefined : checkServerIdentity(host, certificate),
      },
      check,
    }),
    listening() {
      if (current.key === undefined) {
        throw new TransportError('argument', 'listening requires key and cert');
      }
      return { ...secure, requestCert: mutual, rejectUnauthorized: mutual };
    },
    checkAccepted: (socket) => (mutual ? check(socket) : { names: [] }),
    onServer(server) {
      servers.add(server);
      server.once('close', () => servers.delete(server));
    },
  });
  return {
    ...transport,
    setCredentials(credentials) {
      const next = { ...current, ...credentials };
      const nextSecure = secureOptions(next);
      secureContext = readContext(nextSecure);
      current = next;
      secure = nextSecure;
      for (const server of servers) server.setSecureContext(secure);
    },
  };
}
