import type { X509Certificate } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  createServer,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { AsyncQueue } from '@shoal/async';
import {
  type Connection,
  formatAddress,
  type StreamTransport,
  TransportError,
} from '@shoal/transport';
import { hostFamily, wholeNumber } from '@shoal/transport/internal';
import { certificateNames } from './certificate-names.ts';
import { SocketConnection } from './socket-connection.ts';
import {
  connected,
  enqueue,
  listening,
  placeToDial,
  remoteAddress,
  socketOptions,
} from './socket-events.ts';
import { type StreamLimits, type StreamOptions, streamLimits } from './stream-options.ts';

/** Options of {@link createTlsTransport}. Keys and certificates are PEM. */
export interface TlsOptions extends StreamOptions {
  /** This side's private key and certificate (chain). Needed to listen, and to dial if mutual. */
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
  /** The authorities that both sides must be certified by. There is no default. */
  readonly ca: string | readonly string[];
  /** Whether a listener demands a certificate of who connects. Default true. */
  readonly mutual?: boolean | undefined;
  /**
   * The peers to talk with, by the names in their certificates: DNS names without wildcards, or
   * URIs such as `spiffe://cluster/feeder`. Whoever has none of them is refused, in both
   * directions. Default: to listen, everybody that `ca` certifies; to dial, whoever is certified
   * for the host of the address.
   */
  readonly allow?: readonly string[] | undefined;
  /** How long a peer may take to shake hands with a listener, in ms. Default 5000. */
  readonly handshakeTimeout?: number | undefined;
}

/**
 * Framed connections over TLS 1.3, both sides certified unless `mutual` is false. Framing, limits
 * and times are those of `createTcpTransport`.
 *
 * In TLS 1.3 a listener judges the peer's certificate after `dial` has resolved: whoever is
 * refused finds the connection lost. Throws `argument` for an option out of range, or a key or
 * certificate that cannot be read.
 */
export function createTlsTransport(options: TlsOptions): StreamTransport {
  const limits = streamLimits(options);
  const { key, cert, ca, mutual = true, allow } = options;
  const handshakeTimeout = wholeNumber(options, 'handshakeTimeout', { preset: 5000, min: 1 });
  if ((key === undefined) !== (cert === undefined)) {
    throw new TransportError('argument', 'key and cert belong together');
  }
  if (mutual && key === undefined) {
    throw new TransportError('argument', 'mutual TLS needs a key and a cert');
  }
  if (ca.length === 0) throw new TransportError('argument', 'ca holds no certificate');
  const secure: SecureContextOptions = {
    ...(key !== undefined && cert !== undefined ? { key, cert } : {}),
    ca: typeof ca === 'string' ? ca : [...ca],
    minVersion: 'TLSv1.3',
  };

  const secureContext = readContext(secure);
  return {
    async dial(address, { signal } = {}) {
      const { host, port } = placeToDial(address);
      const beneath = connectTcp({ host, port, ...socketOptions(limits) });
      const socket = connect({
        socket: beneath,
        secureContext,
        servername: hostFamily(host) === 0 ? host : '',
        checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
          // A host that is in the list of allowed names needs no other.
          allow ? undefined : checkServerIdentity(host, certificate),
      });
      const make = (): Connection => {
        check(socket, allow);
        return new SocketConnection(socket, formatAddress({ host, port }), limits, { beneath });
      };
      return connected({
        socket,
        readyEvent: 'secureConnect',
        doing: `dial ${address}`,
        timeout: limits.dialTimeout,
        signal,
        make,
      });
    },

    async listen(address, { signal } = {}) {
      if (key === undefined)
        throw new TransportError('argument', 'listening needs a key and a cert');
      const queue = new AsyncQueue<Connection>();
      const shaking = new Handshakes(handshakeTimeout);
      const server = createServer({
        ...secure,
        ...socketOptions(limits),
        pauseOnConnect: true,
        requestCert: mutual,
        rejectUnauthorized: mutual,
      });
      server.on('connection', (socket) => shaking.begin(socket));
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      server.on('secureConnection', (socket) => {
        const beneath = shaking.end(socket);
        const remote = remoteAddress(socket);
        try {
          if (mutual) check(socket, allow);
        } catch {
          socket.destroy();
        }
        if (remote === undefined || !beneath || socket.destroyed) return void socket.destroy();
        tune(beneath, limits);
        const firstFrame = limits.maxFirstFrameLength;
        enqueue(queue, new SocketConnection(socket, remote, limits, { firstFrame, beneath }));
      });
      return listening(server, queue, address, limits, signal);
    },
  };
}

function readContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    throw new TransportError('argument', 'the key or a certificate cannot be read', { cause });
  }
}

/** Throws `untrusted` unless the peer's certificate has one of the allowed names. */
function check(socket: TLSSocket, allow: readonly string[] | undefined): void {
  if (!socket.authorized) throw new TransportError('untrusted', 'the peer is not certified');
  if (!allow) return;
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  const names = certificate ? certificateNames(certificate.subjectAltName ?? '') : [];
  if (names.some((name) => allow.some((allowed) => sameName(allowed, name)))) return;
  const shown = names.join(', ').slice(0, 300) || 'no name';
  throw new TransportError('untrusted', `the peer is certified as ${shown}, which is not allowed`);
}

function sameName(a: string, b: string): boolean {
  return a === b || (!a.includes(':') && a.toLowerCase() === b.toLowerCase());
}

/** A server of TLS does not take these from its options on every version of Node. */
function tune(socket: Socket, limits: StreamLimits): void {
  socket.setNoDelay(true);
  if (limits.keepAlive > 0) socket.setKeepAlive(true, limits.keepAlive);
}

interface Handshake {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/**
 * Breaks off who does not finish a handshake in time. The time-out of `node:tls` starts anew with
 * every byte, so that a peer which sends one now and then could stay for ever.
 */
class Handshakes {
  readonly #timeout: number;
  /** By remote address: the TLS socket is another object than the one it was made from. */
  readonly #shaking = new Map<string, Handshake>();

  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  begin(socket: Socket): void {
    const remote = `${socket.remoteAddress} ${socket.remotePort}`;
    const timer = setTimeout(() => {
      this.#shaking.delete(remote);
      socket.destroy();
    }, this.#timeout);
    const handshake = { socket, timer };
    this.#shaking.set(remote, handshake);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#shaking.get(remote) === handshake) this.#shaking.delete(remote);
    });
  }

  /** The TCP socket on which the handshake was finished, `undefined` when it has gone. */
  end(socket: Socket): Socket | undefined {
    const remote = `${socket.remoteAddress} ${socket.remotePort}`;
    const handshake = this.#shaking.get(remote);
    clearTimeout(handshake?.timer);
    this.#shaking.delete(remote);
    return handshake?.socket;
  }
}
