import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { parseAddress } from '@shoal/transport';

/** A valid request of a WebSocket. */
export const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Protocol: shoal.1',
  '\r\n',
].join('\r\n');

/** Sends a listener an invalid handshake, and an invalid frame after a valid handshake. */
export async function sendGarbage(address: string): Promise<void> {
  const { host, port } = parseAddress(address);
  for (const opening of ['', HANDSHAKE]) {
    const socket = connect({ host, port });
    socket.on('error', () => {});
    socket.resume();
    socket.write(opening);
    socket.write(new Uint8Array(1000).fill(0xff));
    await new Promise((resolve) => socket.once('close', resolve));
  }
}

/** Sends a gateway, from a plain socket, an invalid envelope and one for an unknown client. */
export async function sendStray(to: string): Promise<void> {
  const { host, port } = parseAddress(to);
  const socket = createSocket('udp4');
  const strays = [[0xa6], [0xa6, 2, 0, 0], [0xa6, 1, 3, 116], [0xa6, 1, 0, 4, 110, 111, 110, 101]];
  for (const stray of strays) {
    await new Promise((done) => socket.send(Uint8Array.from(stray), port, host, done));
  }
  socket.close();
}
