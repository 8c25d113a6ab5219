import { local } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { MemoryNetwork } from '@shoal/testkit';
import type { DatagramTransport } from '@shoal/transport';
import { encryptDatagrams, Keyring } from '@shoal/transport-node';
import { encodePacket, type NodeIdentity, shoalCodec } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import {
  createGatewayAwareTransport,
  createGatewayTransport,
  createWebSocketTransport,
} from '../src/index.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../src/server.ts';
import {
  answers,
  bytes,
  Inbox,
  keep,
  memoryClient,
  rawClient,
  until,
} from './gateway.test-helper.ts';
import { dial, endOf, listen } from './websocket.test-helper.ts';

const PING = 3;
const config = local();

/** A gateway in memory with the defaults that users get. */
async function defaultGateway(
  network: MemoryNetwork,
  options: Partial<GatewayOptions> = {},
): Promise<Gateway> {
  const udp = network.createDatagramTransport('g:7946');
  const listener = await network
    .createStreamTransport({ host: 'g', closeTimeout: 50 })
    .listen('g:443');
  return keep(createGateway({ udp, listener, ...options }));
}

const codec = shoalCodec({ label: 'shoal' });

const identity = (address: string): NodeIdentity => ({
  address,
  generation: Date.now(),
  metadata: new Uint8Array(0),
});

/** A packet that says it is from `sender`. */
function packetFrom(sender: string, to: string): Uint8Array {
  const message = { type: 'gossip' } as const;
  const header = { src: identity(sender), srcIncarnation: 0, dst: identity(to), message };
  return encodePacket(codec, { header, members: [], broadcasts: [] });
}

describe('a client of a gateway', () => {
  it('reaches nobody beyond the gateway unless its member knows them', async () => {
    const network = new MemoryNetwork();
    const g = await defaultGateway(network);
    const inside = new Inbox(network.createDatagramTransport('metadata:80'));
    const own = new Inbox(g);
    const tab = await memoryClient(network, ['g:443'], { name: 'tab' });
    const phone = await memoryClient(network, ['g:443'], { name: 'phone' });
    const near = new Inbox(phone);
    for (let i = 0; i < 3; i++) tab.send('metadata:80', bytes(1));
    tab.send('g:7946', bytes(2));
    tab.send(phone.localAddress, bytes(3));
    expect(await own.next()).toBe('g:7946!tab: 2');
    expect(await near.next()).toBe('g:7946!tab: 3');
    expect(g.stats()).toMatchObject({ fromClients: 2, unreachable: 3, invalid: 0 });
    expect(inside.arrived).toEqual([]);
    // Once a member is known, it is reached.
    g.useMembers?.({ has: (address) => address === 'metadata:80', senderOf: () => 'g:7946!tab' });
    tab.send('metadata:80', bytes(4));
    expect(await inside.next()).toMatch(/^g:7946: /);
  });

  it('joins a cluster, reaches its members, and cannot speak for another member', async () => {
    const network = new MemoryNetwork();
    const g = await defaultGateway(network);
    await using first = startMembership({ transport: g, config });
    const far = network.createDatagramTransport('h:7946');
    await using second = startMembership({ transport: far, seeds: ['g:7946'], config });
    await second.active();
    const tab = await memoryClient(network, ['g:443'], { name: 'tab' });
    await using third = startMembership({ transport: tab, seeds: ['g:7946'], config });
    await third.active();
    await until(() => third.members().length === 2 && second.members().length === 2);
    expect(g.stats()).toMatchObject({ impersonated: 0 });

    const thief = await rawClient(network.createStreamTransport(), bytes(1, 1, 1, 65));
    const say = (bytes: Uint8Array): void => {
      const to = new TextEncoder().encode('g:7946');
      thief.send(Uint8Array.of(2, to.length, ...to, ...bytes));
    };
    const received = first.stats().packetsReceived;
    for (const name of ['g:7946!tab', 'h:7946', 'g:7946']) say(packetFrom(name, 'g:7946'));
    say(bytes(1, 2, 3));
    await until(() => g.stats().impersonated === 3 && g.stats().invalid === 1);
    say(packetFrom('g:7946!A', 'g:7946'));
    await until(() => first.stats().packetsReceived > received);
    expect(first.memberAt('g:7946!tab')?.state).toBe('alive');
  });

  it('reaches the members that the gateway knows, even if it cannot read their datagrams', async () => {
    const network = new MemoryNetwork();
    const key = new Uint8Array(32).fill(7);
    const sealed = (transport: DatagramTransport): DatagramTransport =>
      encryptDatagrams(transport, { keyring: new Keyring(key), label: 'shoal' });
    const g = await defaultGateway(network);
    await using _first = startMembership({ transport: sealed(g), config });
    const udp = network.createDatagramTransport('h:7946');
    const transport = sealed(createGatewayAwareTransport(udp));
    await using second = startMembership({ transport, seeds: ['g:7946'], config });
    await second.active();
    const tab = await memoryClient(network, ['g:443'], { name: 'tab' });
    const sent = g.stats().fromClients;
    await using third = startMembership({ transport: sealed(tab), seeds: ['h:7946'], config });
    await third.active();
    await until(() => third.members().length === 2 && g.stats().fromClients > sent);
    expect(g.stats()).toMatchObject({ impersonated: 0, invalid: 0 });
  });

  it('shares a limit with all others', async () => {
    const network = new MemoryNetwork();
    const g = await defaultGateway(network, { maxTotalRate: 10 });
    const tabs = await Promise.all([1, 2, 3].map(() => memoryClient(network, ['g:443'])));
    for (const tab of tabs) for (let i = 0; i < 500; i++) tab.send('g:7946', bytes(1));
    await until(() => g.stats().fromClients + g.stats().limited === 1500);
    expect(g.stats().limited).toBeGreaterThan(1000);
  });

  it('is not read any further while it does not read the answers to its pings', async () => {
    const network = new MemoryNetwork();
    const sent = { pongs: 0, isFull: false };
    const transport = network.createStreamTransport({ host: 'g' });
    const listener = await transport.listen('g:443');
    const crowded = {
      address: listener.address,
      close: () => listener.close(),
      [Symbol.asyncDispose]: () => listener.close(),
      async *[Symbol.asyncIterator]() {
        for await (const connection of listener) {
          const { send } = connection;
          connection.send = (frame) => {
            if (frame[0] === 0x83) sent.pongs++;
            return send.call(connection, frame) && sent.pongs < 100;
          };
          connection.ready = () => {
            sent.isFull = true;
            return new Promise(() => {});
          };
          yield connection;
        }
      },
    };
    const udp = network.createDatagramTransport('g:7946');
    keep(createGateway({ udp, listener: crowded }));
    const deaf = await rawClient(network.createStreamTransport(), bytes(1, 1, 1, 65));
    for (let i = 0; i < 1000; i++) deaf.send(bytes(PING));
    await until(() => sent.isFull);
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(sent.pongs).toBe(100);
  });

  it('is broken off for a message that no client may send', async () => {
    const network = new MemoryNetwork();
    const g = await defaultGateway(network);
    const stranger = await rawClient(network.createStreamTransport(), bytes(9, 9, 9));
    expect((await answers(stranger)).end).toBe('reset');
    expect(g.clients()).toEqual([]);
  });
});

describe('strangers who hold WebSocket connections open', () => {
  it.each([{ maxConnections: 3 }, { maxConnectionsPerHost: 3 }])(
    'make room for others, but clients of a gateway do not: %o',
    async (limits) => {
      const udp = new MemoryNetwork().createDatagramTransport('g:7946');
      const listener = await listen({ ...limits, whenFull: 'replace' });
      keep(createGateway({ udp, listener }));
      const tab = keep(
        await createGatewayTransport({
          transport: createWebSocketTransport(),
          gateways: [listener.address],
        }),
      );
      const strangers = [];
      for (let i = 0; i < 5; i++) strangers.push(await dial(listener.address));
      for (const stranger of strangers.slice(0, 3)) expect(await endOf(stranger)).toBe('reset');
      expect(tab.isConnected).toBe(true);
      expect(listener.stats().connections).toBeLessThanOrEqual(3);
    },
  );

  it('are refused, and reported, where none may be replaced', async () => {
    const listener = await listen({ maxConnectionsPerHost: 2 });
    const refused: string[] = [];
    listener.on('refused', ({ reason }) => refused.push(reason));
    for (let i = 0; i < 2; i++) await dial(listener.address);
    await expect(dial(listener.address)).rejects.toMatchObject({ code: 'refused' });
    expect(refused).toEqual(['overload']);
  });
});
