import type { MemoryNetwork } from './memory-network.test-helper.ts';

export const fast = { reconnect: { minDelay: 1, maxDelay: 5 }, heartbeatInterval: 20 } as const;
export const once = {
  reconnect: false,
  stepTimeout: 60,
  idleTimeout: 60,
  heartbeatInterval: 20,
} as const;

/** A peer under the test's control: what the replica or feeder under test talks to. */
export function scripted(network: MemoryNetwork): {
  next(): Promise<Uint8Array | undefined>;
  send(frame: Uint8Array): void;
  close(): Promise<void>;
  connection: ReturnType<MemoryNetwork['pair']>[0];
  other: ReturnType<MemoryNetwork['pair']>[1];
} {
  const [connection, other] = network.pair();
  const iterator = connection[Symbol.asyncIterator]();
  return {
    connection,
    other,
    next: async () => (await iterator.next()).value ?? undefined,
    send: (frame) => void connection.send(frame),
    close: () => connection.close(),
  };
}
