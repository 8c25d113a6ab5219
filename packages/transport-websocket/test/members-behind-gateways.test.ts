import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { MemoryNetwork } from '@shoal/testkit';
import { datagramConformance } from '@shoal/testkit/conformance';
import { parseAddress } from '@shoal/transport';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createGatewayAwareTransport } from '../src/index.ts';
import { bytes, client, closers, gateway, Inbox, member, until } from './gateway.test-helper.ts';

describe('members behind a gateway, over UDP and WebSocket', () => {
  it('reach every member and are reached by every member', async () => {
    const { gateway: g, door } = await gateway();
    const { gateway: h, door: otherDoor } = await gateway();
    const tab = await client([door], { name: 'tab' });
    const phone = await client([door]);
    const far = await client([otherDoor], { name: 'tab' });
    const plain = await member();
    expect(tab.localAddress).toBe(`${g.localAddress}!tab`);
    expect(phone.localAddress).toMatch(/!([a-z2-7]{12})$/);
    expect(far.localAddress).toBe(`${h.localAddress}!tab`);
    expect(g.clients().sort()).toEqual([tab.localAddress, phone.localAddress].sort());
    const all = [g, h, tab, phone, far, plain];
    const inboxes = all.map((transport) => new Inbox(transport));
    let mark = 0;
    for (const from of all) {
      for (const [i, to] of all.entries()) {
        if (from === to) continue;
        mark++;
        // The byte 0xa6 makes it look like an envelope.
        expect(from.send(to.localAddress, bytes(0xa6, mark))).toBe(true);
        expect(await inboxes[i]!.next()).toBe(`${from.localAddress}: 166,${mark}`);
      }
    }
    expect(inboxes.every((inbox) => inbox.arrived.length === 0)).toBe(true);
  });

  it('go to another gateway when theirs dies, and report their new address', async () => {
    const { gateway: g, door } = await gateway();
    const { gateway: h, door: otherDoor } = await gateway();
    const tab = await client([door, otherDoor], { name: 'tab' });
    const plain = await member();
    const inbox = new Inbox(plain);
    const first = tab.localAddress;
    const changed = new Promise<string[]>((resolve) => {
      tab.on('addressChanged', ({ address, previous }) => resolve([address, previous]));
    });
    await g.close();
    expect(await changed).toEqual([`${h.localAddress}!tab`, first]);
    expect(tab.localAddress).toBe(`${h.localAddress}!tab`);
    expect(tab.isConnected).toBe(true);
    tab.send(plain.localAddress, bytes(7));
    expect(await inbox.next()).toBe(`${h.localAddress}!tab: 7`);
    const back = new Inbox(tab);
    plain.send(tab.localAddress, bytes(8));
    expect(await back.next()).toBe(`${plain.localAddress}: 8`);
  });

  it('free their name at once when their page is reloaded', async () => {
    const { gateway: g, door } = await gateway();
    const page = new WebSocket(`ws://${door}/`, 'shoal.1');
    await once(page, 'open');
    page.send(bytes(1, 1, 3, 116, 97, 98)); // hello, "tab"
    await once(page, 'message');
    page.close(1001); // as browsers do
    await until(() => g.clients().length === 0);
    const tab = await client([door], { name: 'tab' });
    expect(tab.localAddress).toBe(`${g.localAddress}!tab`);
  });

  it('do not get malformed envelopes, or datagrams for unknown clients', async () => {
    const { gateway: g, door } = await gateway();
    const tab = await client([door], { name: 'tab' });
    const inbox = new Inbox(tab);
    const stray = createSocket('udp4');
    closers.push(() => stray.close());
    const { host, port } = parseAddress(g.localAddress);
    const send = (...values: number[]): void => stray.send(bytes(...values), port, host);
    send(0xa6);
    send(0xa6, 2, 0, 0);
    send(0xa6, 1, 3, 116);
    send(0xa6, 1, 0, 23);
    send(0xa6, 1, 1, 0x21, 0);
    await until(() => g.stats().invalid === 5);
    send(0xa6, 1, 0, 3, 116, 97, 99, 1);
    await until(() => g.stats().unknown === 1);
    send(1, 2, 3);
    await until(() => g.stats().unclaimed === 1);
    send(0xa6, 1, 0, 3, 116, 97, 98, 9);
    expect(await inbox.next()).toMatch(/^127\.0\.0\.1:\d+: 9$/);
    const plain = await member();
    const atPlain = new Inbox(plain);
    const own = parseAddress(plain.localAddress);
    // For a client, but the member has none.
    stray.send(bytes(0xa6, 1, 0, 1, 97, 1), own.port, own.host);
    stray.send(bytes(5), own.port, own.host);
    expect(await atPlain.next()).toMatch(/: 5$/);
  });
});

const runner = { describe, it };

datagramConformance(runner, {
  name: 'gateway-aware members in memory',
  create: (() => {
    const network = new MemoryNetwork();
    return () => createGatewayAwareTransport(network.createDatagramTransport('10.0.0.1:0'));
  })(),
});

datagramConformance(runner, {
  name: 'clients of a gateway over UDP and WebSocket',
  async create() {
    const { gateway: g, door } = await gateway({ maxRate: 1_000_000 });
    const tab = await client([door]);
    closers.push(() => g.close());
    return tab;
  },
});

datagramConformance(runner, {
  name: 'gateways over UDP and WebSocket',
  create: async () => (await gateway()).gateway,
});
