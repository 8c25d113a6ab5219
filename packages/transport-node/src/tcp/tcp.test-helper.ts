import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import {
  type Connection,
  type Listener,
  parseAddress,
  type StreamTransport,
} from '@shoal/transport';
import { afterEach } from 'vitest';
import type { StreamOptions } from '../sockets/stream-options.ts';
import { createTcpTransport } from './tcp-transport.ts';

/** What is done after each test, the last one first. */
export const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The next item of a loop that goes on later. */
export async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  if (result.done) throw new Error('ended');
  return result.value;
}

export async function listen(
  options: StreamOptions = {},
  address = '127.0.0.1:0',
): Promise<Listener> {
  const listener = await createTcpTransport({ closeTimeout: 500, ...options }).listen(address);
  closers.push(() => listener.close());
  return listener;
}

export async function dial(
  address: string,
  options: StreamOptions & { transport?: StreamTransport } = {},
): Promise<Connection> {
  const { transport, ...limits } = options;
  const connection = await (transport ?? createTcpTransport({ closeTimeout: 500, ...limits })).dial(
    address,
  );
  closers.push(() => connection.abort(new Error('test over')));
  return connection;
}

/** Both ends of a connection. */
export async function pair(
  near: StreamOptions = {},
  far: StreamOptions = {},
): Promise<[Connection, Connection]> {
  const listener = await listen(far);
  const connection = await dial(listener.address, near);
  const accepted = await next(listener);
  closers.push(() => accepted.abort(new Error('test over')));
  return [connection, accepted];
}

/** A connection whose peer is a bare socket. */
export async function rawPeer(options: StreamOptions = {}): Promise<[Connection, Socket]> {
  const listener = await listen(options);
  const { host, port } = parseAddress(listener.address);
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  socket.on('error', () => {});
  closers.push(() => socket.destroy());
  await once(socket, 'connect');
  return [await next(listener), socket];
}

/** Where a thread listens that accepts nothing, since it is stopped. */
export async function deafHost(): Promise<string> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     // A worker that is woken to end still accepts connections that are already reset.
     const server = require('node:net').createServer((socket) => socket.on('error', () => {}));
     server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(workerData, 0, 0);
     });`,
    { eval: true, workerData: stop },
  );
  closers.push(async () => {
    Atomics.store(stop, 0, 1);
    Atomics.notify(stop, 0);
    await worker.terminate();
  });
  const [port] = await once(worker, 'message');
  return `127.0.0.1:${port}`;
}

export async function all(from: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of from) frames.push(frame);
  return frames;
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

export function u32(value: number): Uint8Array {
  const result = new Uint8Array(4);
  new DataView(result.buffer).setUint32(0, value, true);
  return result;
}
