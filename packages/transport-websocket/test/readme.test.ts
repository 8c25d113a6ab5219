import { readFileSync } from 'node:fs';
import { createUdpTransport } from '@shoal/transport-node';
import { describe, expect, it } from 'vitest';
import {
  createGatewayAwareTransport,
  createGatewayTransport,
  createWebSocketTransport,
} from '../src/index.ts';
import { createGateway, createWebSocketServerTransport } from '../src/server.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const readme = read('../README.md');

/** The lines of this file between the marks, as they must be in the README. */
function example(name: string): string {
  const [, body] = read('./readme.test.ts').split(`// begin ${name}\n`);
  const lines = body!.split(`// end ${name}`)[0]!.split('\n').slice(0, -1);
  return lines.map((line) => line.replace(/^ {4}/, '')).join('\n');
}

describe('the README', () => {
  it('has the example of connections that runs here', async () => {
    const checkSession = (token: string | undefined): boolean => token === 'secret';
    // begin server
    const server = createWebSocketServerTransport({
      path: '/shoal',
      origins: ['https://app.example'],
      authorize: ({ token }) => checkSession(token),
    });
    await using listener = await server.listen('127.0.0.1:0');
    // end server
    const { address } = listener;
    // begin client
    const transport = createWebSocketTransport({ path: '/shoal', token: 'secret' });
    await using connection = await transport.dial(address);
    connection.send(new TextEncoder().encode('hello')) || (await connection.ready());
    // end client
    const accepted = (await listener[Symbol.asyncIterator]().next()).value!;
    const frame = (await accepted[Symbol.asyncIterator]().next()).value!;
    expect(new TextDecoder().decode(frame)).toBe('hello');
    await Promise.all([accepted.close(), connection.close()]);
    for (const name of ['server', 'client']) expect(readme).toContain(example(name));
  });

  it('has the examples of gateways that run here', async () => {
    // begin gateway
    const udp = await createUdpTransport({ bind: '127.0.0.1:0' });
    const listener = await createWebSocketServerTransport().listen('127.0.0.1:0');
    await using gateway = createGateway({ udp, listener }); // use it in place of `udp`
    // end gateway
    // begin member
    const socket = await createUdpTransport({ bind: '127.0.0.1:0' });
    await using member = createGatewayAwareTransport(socket);
    // end member
    const gateways = [listener.address];
    // begin tab
    await using tab = await createGatewayTransport({
      transport: createWebSocketTransport(),
      gateways, // ['gateway-1.example:443', 'gateway-2.example:443']
      name: 'tab-7',
    });
    tab.on('addressChanged', ({ address }) => console.log('a new identity is needed at', address));
    // end tab
    expect(tab.localAddress).toBe(`${gateway.localAddress}!tab-7`);
    const got = new Promise((resolve) => tab.receive((from) => resolve(from)));
    member.send(tab.localAddress, Uint8Array.of(1));
    expect(await got).toBe(member.localAddress);
    for (const name of ['gateway', 'member', 'tab']) expect(readme).toContain(example(name));
  });
});
