import { createSocket } from 'node:dgram';
import { MemoryNetwork } from '@shoal/testkit';
import { datagramConformance } from '@shoal/testkit/conformance';
import {
  type Connection,
  type DatagramTransport,
  parseAddress,
  type StreamTransport,
} from '@shoal/transport';
import { createUdpTransport } from '@shoal/transport-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createGatewayAwareTransport,
  createGatewayTransport,
  createWebSocketTransport,
  type GatewayTransport,
  type GatewayTransportOptions,
} from './index.ts';
import {
  createGateway,
  createWebSocketServerTransport,
  type Gateway,
  type GatewayOptions,
} from './server.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function keep<T extends { close(): Promise<void> }>(thing: T): T {
  closers.push(() => thing.close());
  return thing;
}

/** What a transport receives, as "from: bytes". */
class Inbox {
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

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

/** Lets the event loop turn until something has been seen. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A gateway on UDP and WebSocket. */
async function gateway(
  options: Partial<GatewayOptions> = {},
): Promise<{ gateway: Gateway; door: string }> {
  const udp = await createUdpTransport({ bind: '127.0.0.1:0' });
  const listener = await createWebSocketServerTransport({ closeTimeout: 500 }).listen(
    '127.0.0.1:0',
  );
  return { gateway: keep(createGateway({ udp, listener, ...options })), door: listener.address };
}

async function member(): Promise<DatagramTransport> {
  return keep(createGatewayAwareTransport(await createUdpTransport({ bind: '127.0.0.1:0' })));
}

async function client(
  doors: readonly string[],
  options: Partial<GatewayTransportOptions> = {},
): Promise<GatewayTransport> {
  const transport = createWebSocketTransport({ closeTimeout: 500 });
  const made = createGatewayTransport({ transport, gateways: doors, retryDelay: 5, ...options });
  return keep(await made);
}

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

  it('go to another gateway when theirs dies, and tell their new address', async () => {
    const { gateway: g, door } = await gateway();
    const { gateway: h, door: otherDoor } = await gateway();
    const tab = await client([door, otherDoor], { name: 'tab' });
    const plain = await member();
    const inbox = new Inbox(plain);
    const first = tab.localAddress;
    const changed = new Promise<string[]>((resolve) => {
      tab.onAddressChange((address, previous) => resolve([address, previous]));
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

  it('do not get datagrams that are no envelopes, or for clients who are not there', async () => {
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

/** A gateway in memory, for faults that are hard to have on real sockets. */
async function memoryGateway(
  network: MemoryNetwork,
  host: string,
  options: Partial<GatewayOptions> = {},
): Promise<Gateway> {
  const udp = network.createDatagramTransport(`${host}:7946`);
  const listener = await network
    .createStreamTransport({ host, closeTimeout: 50 })
    .listen(`${host}:443`);
  return keep(createGateway({ udp, listener, ...options }));
}

function memoryClient(
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
async function rawClient(transport: StreamTransport, ...frames: Uint8Array[]): Promise<Connection> {
  const connection = await transport.dial('g:443');
  closers.push(() => connection.abort(new Error('over')));
  for (const frame of frames) connection.send(frame);
  return connection;
}

async function answers(connection: Connection): Promise<{ frames: Uint8Array[]; end: string }> {
  const frames: Uint8Array[] = [];
  try {
    for await (const frame of connection) frames.push(frame);
    return { frames, end: 'end' };
  } catch (error) {
    return { frames, end: (error as { code: string }).code };
  }
}

describe('a gateway', () => {
  it('gives a client that was cut off its name back, and nobody else', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g');
    const tab = await memoryClient(network, ['g:443'], { name: 'tab' });
    let changes = 0;
    tab.onAddressChange(() => changes++);
    await expect(memoryClient(network, ['g:443'], { name: 'tab' })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('name'),
    });
    const inbox = new Inbox(tab);
    network.breakConnections();
    await until(() => !tab.isConnected);
    await until(() => tab.isConnected);
    expect(g.send('g:7946!tab', bytes(1))).toBe(true);
    expect(await inbox.next()).toBe('g:7946: 1');
    expect([changes, tab.localAddress]).toEqual([0, 'g:7946!tab']);
    expect(g.stats().refused).toBe(1);
    // After an orderly end the name is free.
    await tab.close();
    await until(() => g.clients().length === 0);
    await memoryClient(network, ['g:443'], { name: 'tab' });
  });

  it('lets a client back in that it has not missed yet', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g');
    const transport = network.createStreamTransport();
    const first = await rawClient(transport, bytes(1, 1, 1, 65));
    const { value: welcome } = await first[Symbol.asyncIterator]().next();
    const key: Uint8Array = welcome!.slice(-18, -2);
    const wrong = await rawClient(transport, bytes(1, 1, 1, 65, ...key.map((byte) => byte ^ 1)));
    expect(await answers(wrong)).toMatchObject({ end: 'end', frames: [expect.any(Uint8Array)] });
    const second = await rawClient(transport, bytes(1, 1, 1, 65, ...key));
    expect((await answers(first)).end).toBe('reset');
    const { value: again } = await second[Symbol.asyncIterator]().next();
    expect(again).toEqual(welcome);
    expect(g.clients()).toEqual(['g:7946!A']);
  });

  it('forgets a lost client after a while, and the client takes another name if it must', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g', { resumeTimeout: 0 });
    const tab = await memoryClient(network, ['g:443'], { name: 'tab' });
    const changed = new Promise<string>((resolve) => tab.onAddressChange(resolve));
    network.partition(['tab.example'], ['g']);
    network.breakConnections();
    await until(() => g.clients().length === 0);
    const transport = network.createStreamTransport();
    const thief = await rawClient(transport, bytes(1, 1, 3, 116, 97, 98));
    await thief[Symbol.asyncIterator]().next();
    network.heal();
    expect(await changed).toMatch(/^g:7946![a-z2-7]{12}$/);
  });

  it('breaks off who speaks otherwise, and says why where it can', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g', { maxClients: 1, helloTimeout: 30 });
    const transport = network.createStreamTransport();
    const say = async (...frames: Uint8Array[]): Promise<string> => {
      const { frames: got, end } = await answers(await rawClient(transport, ...frames));
      return [...got.map((frame) => `${frame[0]},${frame[1]}`), end].join(' ');
    };
    const hello = bytes(1, 1, 0);
    expect(await say(bytes(1, 2, 99))).toBe('132,1 end');
    expect(await say(bytes())).toBe('reset');
    expect(await say(bytes(2, 1, 65))).toBe('reset');
    expect(await say(bytes(3))).toBe('reset');
    expect(await say(hello, bytes(0x81))).toBe('reset');
    expect(await say()).toBe('reset'); // says no hello
    await until(() => g.clients().length === 0);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(g.stats().refused).toBeGreaterThanOrEqual(5);
  });

  it('takes no more clients than it may', async () => {
    const network = new MemoryNetwork();
    await memoryGateway(network, 'g', { maxClients: 1 });
    const one = await memoryClient(network, ['g:443']);
    await expect(memoryClient(network, ['g:443'])).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('full'),
    });
    await one.close();
  });

  it('lets the application choose names and destinations', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g', {
      nameOf: (wanted) =>
        wanted === 'no' ? undefined : wanted === 'bad' ? 'b!d' : `user-${wanted}`,
      mayReach: (name, to) => name === 'user-a' && to !== 'secret:1',
    });
    const tab = await memoryClient(network, ['g:443'], { name: 'a' });
    expect(tab.localAddress).toBe('g:7946!user-a');
    for (const name of ['no', 'bad']) {
      await expect(memoryClient(network, ['g:443'], { name })).rejects.toMatchObject({
        code: 'refused',
      });
    }
    const inbox = new Inbox(g);
    tab.send('secret:1', bytes(1));
    tab.send('g:7946', bytes(2));
    expect(await inbox.next()).toBe('g:7946!user-a: 2');
    expect(g.stats().invalid).toBe(1);
  });

  it('drops what a client sends too fast', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g', { maxRate: 10 });
    const tab = await memoryClient(network, ['g:443']);
    for (let i = 0; i < 2000; i++) tab.send('g:7946', bytes(1));
    await until(() => g.stats().fromClients + g.stats().limited === 2000);
    expect(g.stats().fromClients).toBeGreaterThanOrEqual(10);
    expect(g.stats().limited).toBeGreaterThan(1000);
  });

  it('drops datagrams for a client that does not read, and does not hold them', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g');
    const deaf = await rawClient(network.createStreamTransport(), bytes(1, 1, 1, 65));
    await until(() => g.clients().length === 1);
    let dropped = 0;
    for (let i = 0; i < 200; i++) {
      for (let k = 0; k < 100; k++) if (!g.send('g:7946!A', new Uint8Array(1400))) dropped++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // 28 MB were sent; two marks of 1 MiB and what one turn sends were taken.
    expect(dropped).toBe(g.stats().dropped);
    expect(g.stats().toClients * 1400).toBeLessThan(4 << 20);
    expect(deaf.remoteAddress).toBe('g:443');
  });

  it('counts a silent client as lost', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g', { idleTimeout: 20, resumeTimeout: 5 });
    const silent = await rawClient(network.createStreamTransport(), bytes(1, 1, 1, 65));
    expect((await answers(silent)).end).toBe('reset');
    await until(() => g.clients().length === 0);
  });

  it('does not count a client as lost that only has nothing to say', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    closers.push(() => vi.useRealTimers());
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g', { idleTimeout: 15_000 });
    const idle = await memoryClient(network, ['g:443'], { pingInterval: 5000 });
    const { frames } = network.stats();
    for (let i = 1; i <= 20; i++) {
      vi.advanceTimersByTime(5000);
      await until(() => network.stats().frames === frames + 2 * i); // a ping and a pong
    }
    expect(g.clients()).toEqual([idle.localAddress]);
  });

  it('refuses what makes no sense', async () => {
    const network = new MemoryNetwork();
    const transport = network.createStreamTransport();
    const listener = keep(await transport.listen('h:1'));
    const udp = keep(network.createDatagramTransport('h:2'));
    const wild = keep(network.createDatagramTransport('0.0.0.0:2'));
    const small = keep(network.createDatagramTransport('h:3', { maxDatagramSize: 48 }));
    const argument = expect.objectContaining({ code: 'argument' });
    const bad: GatewayOptions[] = [
      { udp: wild, listener },
      { udp: small, listener },
      { udp, listener, address: 'h:0' },
      { udp, listener, address: 'h:1!tab' },
      { udp, listener, maxClients: 0 },
      { udp, listener, maxRate: 0.5 },
    ];
    for (const options of bad) expect(() => createGateway(options)).toThrow(argument);
    expect(() => createGatewayAwareTransport(small)).toThrow(argument);
    const named = keep(createGateway({ udp: wild, listener, address: 'G.example:7946' }));
    expect(named.localAddress).toBe('g.example:7946');
  });
});

describe('a client of gateways', () => {
  it('notices a gateway that does not answer any more', async () => {
    const network = new MemoryNetwork();
    await memoryGateway(network, 'g');
    await memoryGateway(network, 'h');
    const tab = await memoryClient(network, ['g:443', 'h:443'], {
      transport: network.createStreamTransport({ host: 'tab.example', dialTimeout: 20 }),
      pingInterval: 10,
    });
    const changed = new Promise<string>((resolve) => tab.onAddressChange(resolve));
    network.partition(['g'], ['tab.example']);
    expect(await changed).toMatch(/^h:7946!/);
  });

  it('rejects when no gateway takes it, with the reason of the last one', async () => {
    const network = new MemoryNetwork();
    const transport = network.createStreamTransport();
    const mute = keep(await transport.listen('mute:1'));
    void (async () => {
      for await (const connection of mute) closers.push(() => connection.abort(new Error('over')));
    })();
    const attempt = (gateways: string[], more: object = {}): Promise<GatewayTransport> =>
      memoryClient(network, gateways, { welcomeTimeout: 10, ...more });
    await expect(attempt(['mute:1', 'none:1'])).rejects.toMatchObject({ code: 'refused' });
    await expect(attempt(['none:1', 'mute:1'])).rejects.toMatchObject({ code: 'timeout' });
    await expect(attempt([])).rejects.toMatchObject({ code: 'argument' });
    await expect(attempt(['x'])).rejects.toMatchObject({ code: 'address' });
    await expect(attempt(['g:1'], { name: 'a!b' })).rejects.toMatchObject({ code: 'argument' });
    await expect(attempt(['g:1'], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    const controller = new AbortController();
    const waiting = attempt(['mute:1'], { welcomeTimeout: 20_000, signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  });

  it('breaks off a gateway that speaks otherwise, and tries again', async () => {
    const network = new MemoryNetwork();
    const transport = network.createStreamTransport();
    const listener = keep(await transport.listen('g:443'));
    const welcome = bytes(0x81, 1, 3, 103, 58, 49, ...new Uint8Array(16), 5, 0); // no client
    const scripts = [[welcome], [bytes(0x82)], [bytes(0x81, 2)], [bytes(3)]];
    void (async () => {
      for await (const connection of listener) {
        for (const frame of scripts.shift() ?? []) connection.send(frame);
        closers.push(() => connection.abort(new Error('over')));
      }
    })();
    for (let left = scripts.length; left > 0; left--) {
      await expect(memoryClient(network, ['g:443'])).rejects.toMatchObject({ code: 'protocol' });
    }
  });

  it('closes when its signal fires', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g');
    const controller = new AbortController();
    const tab = await memoryClient(network, ['g:443'], { signal: controller.signal });
    controller.abort();
    expect(tab.isConnected).toBe(false);
    expect(tab.send('g:7946', bytes(1))).toBe(false);
    await until(() => g.clients().length === 0);
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
