import { connect as connectTcp, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createServer,
  type Server,
  type TlsOptions as ServerOptions,
  type TLSSocket,
} from 'node:tls';
import type { PeerProof, StreamTransport, TransportError } from '@shoal/transport';
import { type DialAddress, dialAddress } from '@shoal/transport/internal';
import { dialSocket } from '../sockets/dial-socket.ts';
import { SocketConnection } from '../sockets/socket-connection.ts';
import { SocketListener } from '../sockets/socket-listener.ts';
import { remoteAddress, socketOptions } from '../sockets/socket-options.ts';
import type { StreamLimits } from '../sockets/stream-options.ts';
import { Handshakes } from './handshakes.ts';

/** How one side proves who dials, and checks who answers. */
interface Dialing {
  readonly options: ConnectionOptions;
  /** What the peer has proved. Throws `untrusted` unless that is enough. */
  readonly check: (socket: TLSSocket) => PeerProof;
  /** A clearer error for a handshake that failed, if there is one. */
  readonly explain?: ((error: TransportError) => TransportError) | undefined;
}

/** What differs between TLS with certificates and TLS with a key that both sides have. */
export interface SecureTransportParts {
  readonly limits: StreamLimits;
  /** How long a peer of a listener may take for the handshake, in ms. */
  readonly handshakeTimeout: number;
  /** Called for each dial. */
  readonly dialing: (to: DialAddress) => Dialing;
  /** How to prove who listens, and what to demand of peers. Throws `argument`. */
  readonly listening: () => ServerOptions;
  /** What a peer that was accepted has proved. Throws `untrusted` unless that is enough. */
  readonly checkAccepted: (socket: TLSSocket) => PeerProof;
  /** Called with each connection once it is open, and with each server that listens. */
  readonly onConnection?: ((connection: SocketConnection) => void) | undefined;
  readonly onServer?: ((server: Server) => void) | undefined;
}

/** A transport for framed connections over TLS 1.3. */
export function secureTransport(parts: SecureTransportParts): StreamTransport {
  const { limits, handshakeTimeout, onConnection } = parts;
  return {
    async dial(address, { signal } = {}) {
      const to = dialAddress(address);
      const { host, port, text } = to;
      const { options, check, explain } = parts.dialing(to);
      const beneath = connectTcp({ host, port, ...socketOptions(limits) });
      const socket = connect({ ...options, socket: beneath });
      const dialing = dialSocket(socket, {
        readyEvent: 'secureConnect',
        doing: `dial ${address}`,
        timeout: limits.dialTimeout,
        signal,
        connect() {
          const peer = check(socket);
          const connection = new SocketConnection(socket, text, { limits, beneath, peer });
          onConnection?.(connection);
          return connection;
        },
      });
      return explain ? dialing.catch((error) => Promise.reject(explain(error))) : dialing;
    },

    async listen(address, { signal } = {}) {
      const handshakes = new Handshakes(handshakeTimeout);
      const server = createServer({
        ...parts.listening(),
        ...socketOptions(limits),
        pauseOnConnect: true,
      });
      server.on('connection', (socket) => handshakes.begin(socket));
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      server.on('secureConnection', (socket) => {
        const beneath = handshakes.end(socket);
        const remote = remoteAddress(socket);
        let peer: PeerProof | undefined;
        try {
          peer = parts.checkAccepted(socket);
        } catch {
          socket.destroy();
        }
        if (remote === undefined || !beneath || socket.destroyed) return void socket.destroy();
        tune(beneath, limits);
        const options = { limits, beneath, peer, isAccepted: true };
        const connection = new SocketConnection(socket, remote, options);
        onConnection?.(connection);
        listener.push(connection);
      });
      const listener = new SocketListener(server, limits);
      parts.onServer?.(server);
      return listener.listen(address, { signal });
    },
  };
}

/** Sets what a TLS server does not take from its options on every version of Node. */
function tune(socket: Socket, limits: StreamLimits): void {
  socket.setNoDelay(true);
  if (limits.keepAlive > 0) socket.setKeepAlive(true, limits.keepAlive);
}
