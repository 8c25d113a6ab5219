import { connect as connectTcp, type Socket } from 'node:net';
import { checkServerIdentity, connect, createServer, type PeerCertificate } from 'node:tls';
import { type StreamTransport, TransportError } from '@shoal/transport';
import { dialAddress, hostFamily, wholeNumber } from '@shoal/transport/internal';
import { dialSocket } from '../sockets/dial-socket.ts';
import { SocketConnection } from '../sockets/socket-connection.ts';
import { SocketListener } from '../sockets/socket-listener.ts';
import { remoteAddress, socketOptions } from '../sockets/socket-options.ts';
import { type StreamLimits, streamLimits } from '../sockets/stream-options.ts';
import { checkPeer } from './check-peer.ts';
import { Handshakes } from './handshakes.ts';
import { readContext, secureOptions, type TlsOptions } from './tls-options.ts';

/**
 * Creates a transport for framed connections over TLS 1.3, with certificates on both sides unless
 * `mutual` is false. Framing, limits and timeouts are those of `createTcpTransport`.
 *
 * In TLS 1.3 a listener checks the peer's certificate after the peer's `dial` has resolved: a
 * refused peer finds its connection lost. Throws `argument` for an option that is missing or out of
 * range, or for a key or certificate that cannot be read. `listen` rejects with `argument` without
 * a `key`.
 */
export function createTlsTransport(options: TlsOptions): StreamTransport {
  const limits = streamLimits(options);
  const { mutual = true, allow } = options;
  const handshakeTimeout = wholeNumber(options, 'handshakeTimeout', { preset: 5000, min: 1 });
  const secure = secureOptions(options);
  const secureContext = readContext(secure);
  return {
    async dial(address, { signal } = {}) {
      const { host, port, text } = dialAddress(address);
      const beneath = connectTcp({ host, port, ...socketOptions(limits) });
      const socket = connect({
        socket: beneath,
        secureContext,
        servername: hostFamily(host) === 0 ? host : '',
        checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
          // With `allow` the name in the list counts, not the host.
          allow ? undefined : checkServerIdentity(host, certificate),
      });
      return dialSocket(socket, {
        readyEvent: 'secureConnect',
        doing: `dial ${address}`,
        timeout: limits.dialTimeout,
        signal,
        connect() {
          checkPeer(socket, allow);
          return new SocketConnection(socket, text, { limits, beneath });
        },
      });
    },

    async listen(address, { signal } = {}) {
      if (options.key === undefined) {
        throw new TransportError('argument', 'listening requires key and cert');
      }
      const handshakes = new Handshakes(handshakeTimeout);
      const server = createServer({
        ...secure,
        ...socketOptions(limits),
        pauseOnConnect: true,
        requestCert: mutual,
        rejectUnauthorized: mutual,
      });
      server.on('connection', (socket) => handshakes.begin(socket));
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      server.on('secureConnection', (socket) => {
        const beneath = handshakes.end(socket);
        const remote = remoteAddress(socket);
        try {
          if (mutual) checkPeer(socket, allow);
        } catch {
          socket.destroy();
        }
        if (remote === undefined || !beneath || socket.destroyed) return void socket.destroy();
        tune(beneath, limits);
        listener.push(new SocketConnection(socket, remote, { limits, beneath, isAccepted: true }));
      });
      const listener = new SocketListener(server);
      return listener.listen(address, { maxConnections: limits.maxConnections, signal });
    },
  };
}

/** Sets what a TLS server does not take from its options on every version of Node. */
function tune(socket: Socket, limits: StreamLimits): void {
  socket.setNoDelay(true);
  if (limits.keepAlive > 0) socket.setKeepAlive(true, limits.keepAlive);
}
