import { connect, createServer } from 'node:net';
import { AsyncQueue } from '@shoal/async';
import { type Connection, formatAddress, type StreamTransport } from '@shoal/transport';
import { DirectInput } from './direct-input.ts';
import { SocketConnection } from './socket-connection.ts';
import {
  connected,
  enqueue,
  listening,
  placeToDial,
  remoteAddress,
  socketOptions,
} from './socket-events.ts';
import { type StreamOptions, streamLimits } from './stream-options.ts';

/**
 * Framed connections over TCP: each frame is its length as u32, little-endian, and its bytes,
 * written together. Throws `argument` for an option out of range.
 */
export function createTcpTransport(options: StreamOptions = {}): StreamTransport {
  const limits = streamLimits(options);
  return {
    async dial(address, { signal } = {}) {
      const { host, port } = placeToDial(address);
      const input = new DirectInput();
      const socket = connect({ host, port, ...socketOptions(limits), onread: input.onread });
      const make = (): Connection =>
        new SocketConnection(socket, formatAddress({ host, port }), limits, { input });
      return connected({
        socket,
        readyEvent: 'connect',
        doing: `dial ${address}`,
        timeout: limits.dialTimeout,
        signal,
        make,
      });
    },

    listen(address, { signal } = {}) {
      const queue = new AsyncQueue<Connection>();
      const options = { ...socketOptions(limits), pauseOnConnect: true };
      const server = createServer(options, (socket) => {
        const remote = remoteAddress(socket);
        if (remote === undefined) return void socket.destroy();
        const firstFrame = limits.maxFirstFrameLength;
        enqueue(queue, new SocketConnection(socket, remote, limits, { firstFrame }));
      });
      return listening(server, queue, address, limits, signal);
    },
  };
}
