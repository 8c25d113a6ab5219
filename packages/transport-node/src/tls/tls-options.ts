import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { TransportError } from '@shoal/transport';
import type { StreamOptions } from '../sockets/stream-options.ts';

/** What one side proves itself with, and whom it trusts. All of it is PEM. */
export interface Credentials {
  /** The private key of this side. Required to listen, and to dial unless `mutual` is false. */
  readonly key?: string | undefined;
  /** The certificate (chain) of this side. Required with `key`. */
  readonly cert?: string | undefined;
  /** The only authorities that are trusted. There is no default. */
  readonly ca: string | readonly string[];
}

/** Options of `createTlsTransport`. */
export interface TlsOptions extends StreamOptions, Credentials {
  /**
   * Whether a listener requires a certificate from its peers. If false, it accepts every peer and
   * ignores `allow`. Default true.
   */
  readonly mutual?: boolean | undefined;
  /**
   * The peers to accept, in both directions, by the names in their certificates: DNS names without
   * wildcards, or URIs such as `spiffe://cluster/feeder`. Default: a listener accepts every peer
   * that `ca` has certified; `dial` accepts a peer that is certified for the host of the address.
   */
  readonly allow?: readonly string[] | undefined;
  /** How long a peer of a listener may take for the handshake, in ms. Default 5000. */
  readonly handshakeTimeout?: number | undefined;
}

/** What `node:tls` needs of the options. Throws `argument` if one is missing. */
export function secureOptions(options: TlsOptions): SecureContextOptions {
  const { key, cert, ca, mutual = true } = options;
  if ((key === undefined) !== (cert === undefined)) {
    throw new TransportError('argument', 'key and cert must be given together');
  }
  if (mutual && key === undefined) {
    throw new TransportError('argument', 'mutual TLS requires key and cert');
  }
  if (ca.length === 0) throw new TransportError('argument', 'ca must hold a certificate');
  return { key, cert, ca: typeof ca === 'string' ? ca : [...ca], minVersion: 'TLSv1.3' };
}

/** Throws `argument` for a key or certificate that cannot be read. */
export function readContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    throw new TransportError('argument', 'invalid key, cert or ca: not readable PEM', { cause });
  }
}
