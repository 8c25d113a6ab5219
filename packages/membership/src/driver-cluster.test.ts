import type { DatagramTransport } from '@shoal/transport';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import { decodePacket, type NodeIdentity, shoalCodec } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { local } from './config.ts';
import { Hub } from './driver/hub.test-helper.ts';
import { has, seen } from './driver/waiting.test-helper.ts';
import { type DriverEvent, type Membership, startMembership } from './driver.ts';

/** How many members there are in the test. */
const SIZE = 64;
/** How many probes each member must have made, once all know each other. */
const PROBES = 4;
const codec = shoalCodec({ label: 'shoal' });

async function probes(one: Membership<NodeIdentity>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await seen(one, 'probe');
}

describe('a cluster in one process, over UDP on loopback', () => {
  it.each([
    ['datagrams only', false],
    ['streams as well', true],
  ])(
    `${SIZE} members that join at once, with %s: all know each other, nobody is suspected`,
    // As a rule some seconds; who has missed a rumour learns of it at an announce, every 30 s.
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

describe('a process that was held up', () => {
  it('reads what came in meanwhile before it judges who has not answered', async () => {
    const hub = new Hub();
    const config = { ...local(), probePeriod: 500, probeTimeout: 100 };
    const transport = hub.open('a:1');
    const a = startMembership({ transport, config });
    const b = startMembership({ transport: hub.open('b:1'), config, seeds: ['a:1'] });
    await Promise.all([a.active(), b.active()]);
    const outcomes: string[] = [];
    a.on('probe', ({ outcome }) => outcomes.push(outcome));
    const send = transport.send.bind(transport);
    transport.send = (to, bytes) => {
      send(to, bytes);
      const { message } = decodePacket(codec, bytes).header;
      // Longer than a period, in which all timers fall due; shorter than what counts as a pause.
      const end = message.type === 'ping' ? performance.now() + 550 : 0;
      while (performance.now() < end);
      return true;
    };
    for (let i = 0; i < 5; i++) await seen(a, 'probe');
    expect(outcomes).not.toContain('failed');
    await Promise.all([a.close(), b.close()]);
  });
});
