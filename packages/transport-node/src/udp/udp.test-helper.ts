import { afterEach } from 'vitest';
import type { UdpOptions, UdpTransport } from './udp-options.ts';
import { createUdpTransport } from './udp-transport.ts';

const open: UdpTransport[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((transport) => transport.close()));
});

/** Binds a transport that is closed after the test. */
export async function bind(options: Partial<UdpOptions> = {}): Promise<UdpTransport> {
  const transport = await createUdpTransport({ bind: '127.0.0.1:0', ...options });
  open.push(transport);
  return transport;
}

/** Returns a function that waits for the next datagram. */
export function inbox(transport: UdpTransport): () => Promise<[from: string, bytes: Uint8Array]> {
  const arrived: [string, Uint8Array][] = [];
  let wake = (): void => {};
  transport.receive((from, bytes) => {
    arrived.push([from, bytes]);
    wake();
  });
  return async () => {
    while (arrived.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return arrived.shift()!;
  };
}

/** Waits, turn by turn, for a condition. The kernel reports some events later. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);
