import { connect, createServer } from 'node:net';
import type { StreamTransport } from '@shoal/transport';
import { dialAddress } from '@shoal/transport/internal';
import { dialSocket } from '../sockets/dial-socket.ts';
import { SocketConnection } from '../sockets/socket-connection.ts';
import { SocketListener } from '../sockets/socket-listener.ts';
import { remoteAddress, socketOptions } from '../sockets/socket-options.ts';
import { type StreamOptions, streamLimits } from '../sockets/stream-options.ts';
import { DirectInput } from './direct-input.ts';

/**
 * Creates a transport for framed connections over TCP. A frame is its length (u32, little-endian)
 * and its bytes, written together. Throws `argument` for an option out of range.
 */
export function createTcpTransport(options: StreamOptions = {}): StreamTransport {
  const limits = streamLimits(options);
  return {
    async dial(address, { signal } = {}) {
      const { host, port, text } = dialAddress(address);
      const input = new DirectInput();
      const socket = connect({ host, port, ...socketOptions(limits), onread: input.onread });
      return dialSocket(socket, {
        readyEvent: 'connect',
        doing: `dial ${address}`,
        timeout: limits.dialTimeout,
        signal,
        connect: () => new SocketConnection(socket, text, { limits, input }),
      });
    },

    async listen(address, { signal } = {}) {
      const server = createServer({ ...socketOptions(limits), pauseOnConnect: true }, (socket) => {
        const remote = remoteAddress(socket);
        if (remote === undefined) return void socket.destroy();
        listener.push(new SocketConnection(socket, remote, { limits, isAccepted: true }));
      });
      const listener = new SocketListener(server, limits);
      return listener.listen(address, { signal });
    },
  };
}
