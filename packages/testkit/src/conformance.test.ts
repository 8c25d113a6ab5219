import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type DatagramTransport, formatAddress, parseAddress } from '@shoal/transport';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import { describe, it } from 'vitest';
import { datagramConformance, streamConformance } from './conformance.ts';
import { MemoryNetwork } from './memory-network.ts';

const runner = { describe, it };
const memory = new MemoryNetwork({ seed: 'conformance' });
const slow = new MemoryNetwork({ seed: 'slow', faults: { delay: [0, 2] } });

for (const network of [memory, slow]) {
  const name = network === memory ? 'memory' : 'memory with delays';
  datagramConformance(runner, {
    name,
    create: () => network.createDatagramTransport('10.0.0.1:0'),
  });
  streamConformance(runner, {
    name,
    address: '[::1]:0',
    create: (limits) => network.createStreamTransport(limits),
  });
}

/** Writes to a listening socket what is no frame, and waits until it is broken off. */
async function garbage(address: string): Promise<void> {
  const { host, port } = parseAddress(address);
  const socket = connect({ host, port });
  socket.on('error', () => {});
  socket.write(new Uint8Array(1000).fill(0xff));
  await new Promise((resolve) => socket.once('close', resolve));
}

for (const address of ['127.0.0.1:0', '[::1]:0']) {
  streamConformance(runner, {
    name: `TCP at ${address}`,
    address,
    create: (limits) => createTcpTransport(limits),
    garbage,
  });
}

/** Sends random bytes from a bare socket. */
async function stray(transport: DatagramTransport): Promise<void> {
  const { host, port } = parseAddress(transport.localAddress);
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  for (const size of [0, 1, 2, 100, 1400]) {
    await new Promise((done) => socket.send(new Uint8Array(size).fill(size), port, host, done));
  }
  socket.close();
}

for (const bind of ['127.0.0.1:0', '[::1]:0']) {
  datagramConformance(runner, {
    name: `UDP at ${bind}`,
    create: () => createUdpTransport({ bind }),
    garbage: stray,
  });
}

/** A transport bound to every address, told of as if it were bound to the loopback. */
async function dualStack(host: string): Promise<DatagramTransport> {
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

for (const host of ['127.0.0.1', '::1']) {
  datagramConformance(runner, {
    name: `UDP on both versions of IP, seen from ${host}`,
    create: () => dualStack(host),
    garbage: stray,
  });
}
