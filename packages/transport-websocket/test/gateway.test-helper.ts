import type { MemoryNetwork } from '@shoal/testkit';
import type { Connection, DatagramTransport, StreamTransport } from '@shoal/transport';
import { createUdpTransport } from '@shoal/transport-node';
import { afterEach } from 'vitest';
import {
  createGatewayAwareTransport,
  createGatewayTransport,
  createWebSocketTransport,
  type GatewayTransport,
  type GatewayTransportOptions,
} from '../src/index.ts';
import {
  createGateway,
  createWebSocketServerTransport,
  type Gateway,
  type GatewayOptions,
} from '../src/server.ts';

export const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export function keep<T extends { close(): Promise<void> }>(thing: T): T {
  closers.push(() => thing.close());
  return thing;
}

/** What a transport receives, as "from: bytes". */
export class Inbox {
  readonly arrived: string[] = [];
  #wake = (): void => {};

  constructor(transport: DatagramTransport) {
    transport.receive((from, bytes) => {
      this.arrived.push(`${from}: ${[...bytes]}`);
      this.#wake();
    });
  }

  async next(): Promise<string> {
    while (this.arrived.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.arrived.shift()!;
  }
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

/** Lets the event loop turn until something has been seen. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** These tests send bytes that are no packets, to who is no member: see KnownMembers. */
const OPEN: Partial<GatewayOptions> = { mayReach: () => true };

/** A gateway on UDP and WebSocket. */
export async function gateway(
  options: Partial<GatewayOptions> = {},
): Promise<{ gateway: Gateway; door: string }> {
  const udp = await createUdpTransport({ bind: '127.0.0.1:0' });
  const listener = await createWebSocketServerTransport({ closeTimeout: 500 }).listen(
    '127.0.0.1:0',
  );
  return {
    gateway: keep(createGateway({ udp, listener, ...OPEN, ...options })),
    door: listener.address,
  };
}

export async function member(): Promise<DatagramTransport> {
  return keep(createGatewayAwareTransport(await createUdpTransport({ bind: '127.0.0.1:0' })));
}

export async function client(
  doors: readonly string[],
  options: Partial<GatewayTransportOptions> = {},
): Promise<GatewayTransport> {
  const transport = createWebSocketTransport({ closeTimeout: 500 });
  const made = createGatewayTransport({ transport, gateways: doors, retryDelay: 5, ...options });
  return keep(await made);
}

/** A gateway in memory, for faults that are hard to have on real sockets. */
export async function memoryGateway(
  network: MemoryNetwork,
  host: string,
  options: Partial<GatewayOptions> = {},
): Promise<Gateway> {
  const udp = network.createDatagramTransport(`${host}:7946`);
  const listener = await network
    .createStreamTransport({ host, closeTimeout: 50 })
    .listen(`${host}:443`);
  return keep(createGateway({ udp, listener, ...OPEN, ...options }));
}

export function memoryClient(
  network: MemoryNetwork,
  gateways: readonly string[],
  options: Partial<GatewayTransportOptions> = {},
): Promise<GatewayTransport> {
  const transport = network.createStreamTransport({
    host: 'tab.example',
    dialTimeout: 50,
    closeTimeout: 50,
  });
  const settings = { transport, gateways, retryDelay: 1, maxRetryDelay: 4, ...options };
  return createGatewayTransport(settings).then(keep);
}

/** A connection whose hello is said by hand. */
export async function rawClient(
  transport: StreamTransport,
  ...frames: Uint8Array[]
): Promise<Connection> {
  const connection = await transport.dial('g:443');
  closers.push(() => connection.abort(new Error('over')));
  for (const frame of frames) connection.send(frame);
  return connection;
}

export async function answers(
  connection: Connection,
): Promise<{ frames: Uint8Array[]; end: string }> {
  const frames: Uint8Array[] = [];
  try {
    for await (const frame of connection) frames.push(frame);
    return { frames, end: 'end' };
  } catch (error) {
    return { frames, end: (error as { code: string }).code };
  }
}
