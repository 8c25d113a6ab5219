import { MemoryNetwork } from '@shoal/testkit';
import { describe, expect, it, vi } from 'vitest';
import {
  answers,
  bytes,
  closers,
  Inbox,
  keep,
  memoryClient,
  memoryGateway,
  rawClient,
  until,
} from '../../test/gateway.test-helper.ts';
import { createGatewayAwareTransport } from '../index.ts';
import { createGateway, type GatewayOptions } from '../server.ts';

describe('a gateway', () => {
  it('returns its name to a client that lost its connection, and to no other', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g');
    const tab = await memoryClient(network, ['g:443'], { name: 'tab' });
    let changes = 0;
    tab.on('addressChanged', () => changes++);
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

  it('lets a client return before its loss was noticed', async () => {
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

  it('forgets a lost client after a while, and the client then continues under another name', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g', { resumeTimeout: 0 });
    const tab = await memoryClient(network, ['g:443'], { name: 'tab' });
    const changed = new Promise<string>((resolve) =>
      tab.on('addressChanged', ({ address }) => resolve(address)),
    );
    network.partition(['tab.example'], ['g']);
    network.breakConnections();
    await until(() => g.clients().length === 0);
    const transport = network.createStreamTransport();
    const thief = await rawClient(transport, bytes(1, 1, 3, 116, 97, 98));
    await thief[Symbol.asyncIterator]().next();
    network.heal();
    expect(await changed).toMatch(/^g:7946![a-z2-7]{12}$/);
    // It asks for its own name again, which is free once the other one has left.
    await thief.close();
    await until(() => g.clients().length === 1);
    network.breakConnections();
    await until(() => tab.localAddress === 'g:7946!tab');
  });

  it('returns a name that the application chose, and does not derive another one from it', async () => {
    const network = new MemoryNetwork();
    let asked = 0;
    const nameOf = (wanted: string): string => `${wanted}-${++asked}`;
    const g = await memoryGateway(network, 'g', { nameOf, resumeTimeout: 20 });
    const tab = await memoryClient(network, ['g:443'], { name: 'tab' });
    network.breakConnections();
    await until(() => !tab.isConnected);
    await until(() => tab.isConnected);
    expect(tab.localAddress).toBe('g:7946!tab-1');
    network.partition(['tab.example'], ['g']);
    network.breakConnections();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(g.clients()).toEqual([]);
    network.heal();
    await until(() => tab.isConnected);
    expect(tab.localAddress).toBe('g:7946!tab-2');
  });

  it('ends the connection of a client that breaks the protocol, and says why where it can', async () => {
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

  it('limits the number of clients', async () => {
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
    expect(g.stats().unreachable).toBe(1);
  });

  it('drops datagrams that a client sends too fast', async () => {
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

  it('considers a silent client lost', async () => {
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g', { idleTimeout: 20, resumeTimeout: 5 });
    const silent = await rawClient(network.createStreamTransport(), bytes(1, 1, 1, 65));
    expect((await answers(silent)).end).toBe('reset');
    await until(() => g.clients().length === 0);
  });

  it('does not consider an idle client lost', async () => {
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

  it('hears from a client in a hidden page, whose timers do not run, whenever it sends it something', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    closers.push(() => vi.useRealTimers());
    const network = new MemoryNetwork();
    const g = await memoryGateway(network, 'g');
    const hidden = await memoryClient(network, ['g:443'], { pingInterval: 4 });
    const inbox = new Inbox(hidden);
    const { frames } = network.stats();
    let sent = 0;
    while (network.stats().frames < frames + sent + 10) {
      g.send(hidden.localAddress, bytes(sent++ & 255));
      await inbox.next();
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
  });

  it('refuses invalid options', async () => {
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
      { udp, listener, maxTotalRate: 0 },
    ];
    for (const options of bad) expect(() => createGateway(options)).toThrow(argument);
    expect(() => createGatewayAwareTransport(small)).toThrow(argument);
    const named = keep(createGateway({ udp: wild, listener, address: 'G.example:7946' }));
    expect(named.localAddress).toBe('g.example:7946');
  });
});
