import type { DatagramTransport } from '@shoal/transport';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import type { NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { has, seen } from '../src/driver/waiting.test-helper.ts';
import { type DriverEvent, type Membership, startMembership } from '../src/driver.ts';

/** The number of members. */
const SIZE = 64;
/** How many probes each member must have made once all know each other. */
const PROBES = 4;

async function probes(one: Membership<NodeIdentity>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await seen(one, 'probe');
}

describe('a cluster in one process, over UDP on loopback', () => {
  it.each([
    ['datagrams only', false],
    ['streams as well', true],
  ])(
    `${SIZE} members that join at once, with %s: all know each other, nobody is suspected`,
    // Usually a few seconds. A member that gossip missed learns at an announce, every 30 s.
    { timeout: 180_000 },
    async (_, streams) => {
      const tcp = createTcpTransport({ closeTimeout: 500 });
      const transports: DatagramTransport[] = [];
      for (let i = 0; i < SIZE; i++) {
        transports.push(await createUdpTransport({ bind: '127.0.0.1:0' }));
      }
      const seeds = transports.slice(0, 3).map((one) => one.localAddress);
      const listeners = new Map<string, string>();
      const failures: DriverEvent<NodeIdentity>[] = [];
      const members: Membership<NodeIdentity>[] = [];
      for (const transport of transports) {
        const listen = streams ? await tcp.listen('127.0.0.1:0') : undefined;
        if (listen) listeners.set(transport.localAddress, listen.address);
        const address = (id: NodeIdentity): string | undefined => listeners.get(id.address);
        members.push(
          startMembership({
            transport,
            seeds,
            ...(listen ? { streams: { transport: tcp, listen, address } } : {}),
          }),
        );
      }
      for (const one of members) {
        for (const type of ['memberSuspected', 'memberDown', 'rejected', 'rejoined'] as const) {
          one.on(type, (event) => failures.push(event));
        }
      }
      try {
        await Promise.all(members.map((one) => has(one, SIZE - 1)));
        await Promise.all(members.map((one) => probes(one, PROBES)));
        expect(failures).toEqual([]);
        expect(new Set(members.map((one) => one.digest())).size).toBe(1);
        if (streams) expect(members.at(-1)!.stats().exchanges).toBeGreaterThan(0);
      } finally {
        await Promise.all(members.map((one) => one.close()));
      }
    },
  );
});
