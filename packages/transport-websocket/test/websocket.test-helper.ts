import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Connection, parseAddress } from '@shoal/transport';
import { afterEach } from 'vitest';
import { createWebSocketTransport, type WebSocketTransportOptions } from '../src/index.ts';
import {
  createWebSocketServerTransport,
  type WebSocketListener,
  type WebSocketServerOptions,
} from '../src/server.ts';

export const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export async function listen(
  options: WebSocketServerOptions = {},
  address = '127.0.0.1:0',
): Promise<WebSocketListener> {
  const listener = await createWebSocketServerTransport({ closeTimeout: 500, ...options }).listen(
    address,
  );
  closers.push(() => listener.close());
  return listener;
}

export function keep(connection: Connection): Connection {
  closers.push(() => connection.abort(new Error('test over')));
  return connection;
}

/** Dials as a browser would. */
export function dial(
  address: string,
  options: WebSocketTransportOptions = {},
): Promise<Connection> {
  return createWebSocketTransport({ closeTimeout: 500, ...options })
    .dial(address)
    .then(keep);
}

/** Dials with `ws`, which tells why it was refused. */
export function dialNode(
  address: string,
  options: WebSocketServerOptions = {},
): Promise<Connection> {
  const transport = createWebSocketServerTransport({ closeTimeout: 500, ...options });
  return transport.dial(address).then(keep);
}

export async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  if (result.done) throw new Error('ended');
  return result.value;
}

export async function endOf(connection: AsyncIterable<Uint8Array>): Promise<string> {
  try {
    for await (const _ of connection);
    return 'end';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

export const HEADERS: readonly string[] = [
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];

/** Sends a request by hand; the socket and the first line of the answer. */
export async function handshake(
  address: string,
  lines: readonly string[],
  path = '/',
): Promise<{ socket: Socket; status: string }> {
  const { host, port } = parseAddress(address);
  const socket = connect({ host, port });
  closers.push(() => socket.destroy());
  socket.on('error', () => {});
  socket.write([`GET ${path} HTTP/1.1`, ...lines, '\r\n'].join('\r\n'));
  const [chunk] = await once(socket, 'data');
  return { socket, status: String(chunk).split('\r\n', 1)[0]! };
}

/** A frame of a client, whose mask is 0. */
export function masked(first: number, ...payload: number[]): Uint8Array {
  return Uint8Array.of(first, 0x80 | payload.length, 0, 0, 0, 0, ...payload);
}

export const SPEAKS = 'Sec-WebSocket-Protocol: shoal.1';
