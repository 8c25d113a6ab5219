import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type DatagramTransport, formatAddress, parseAddress } from '@shoal/transport';
import { createUdpTransport } from '@shoal/transport-node';

/** Writes bytes that are not a frame to a listening socket, and waits until it is reset. */
export async function garbage(address: string): Promise<void> {
  const { host, port } = parseAddress(address);
  const socket = connect({ host, port });
  socket.on('error', () => {}).resume();
  socket.write(new Uint8Array(1000).fill(0xff));
  await new Promise((resolve) => socket.once('close', resolve));
}

/** Sends random bytes from a bare socket. */
export async function stray(transport: DatagramTransport): Promise<void> {
  const { host, port } = parseAddress(transport.localAddress);
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  for (const size of [0, 1, 2, 100, 1400]) {
    await new Promise((done) => socket.send(new Uint8Array(size).fill(size), port, host, done));
  }
  socket.close();
}

/** A transport bound to all addresses, presented as if bound to the loopback address. */
export async function dualStack(host: string): Promise<DatagramTransport> {
  const udp = await createUdpTransport({ bind: '[::]:0' });
  const { port } = parseAddress(udp.localAddress);
  return {
    localAddress: formatAddress({ host, port }),
    maxDatagramSize: udp.maxDatagramSize,
    send: (to, bytes) => udp.send(to, bytes),
    receive: (handler) => udp.receive(handler),
    close: () => udp.close(),
    [Symbol.asyncDispose]: () => udp.close(),
  };
}
