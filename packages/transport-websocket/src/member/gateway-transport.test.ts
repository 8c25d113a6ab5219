import { MemoryNetwork } from '@shoal/testkit';
import type { StreamTransport } from '@shoal/transport';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  closers,
  keep,
  memoryClient,
  memoryGateway,
  until,
} from '../../test/gateway.test-helper.ts';
import type { GatewayTransport } from '../index.ts';

describe('a client of gateways', () => {
  it('detects a gateway that stops answering', async () => {
    const network = new MemoryNetwork();
    await memoryGateway(network, 'g');
    await memoryGateway(network, 'h');
    const tab = await memoryClient(network, ['g:443', 'h:443'], {
      transport: network.createStreamTransport({ host: 'tab.example', dialTimeout: 20 }),
      pingInterval: 10,
    });
    const changed = new Promise<string>((resolve) =>
      tab.on('addressChanged', ({ address }) => resolve(address)),
    );
    network.partition(['g'], ['tab.example']);
    expect(await changed).toMatch(/^h:7946!/);
  });

  it('rejects with the error of the last gateway if none accepts it', async () => {
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

  it('leaves a gateway that breaks the protocol, and tries again', async () => {
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

  it('keeps its name when it goes to another gateway and back', async () => {
    const network = new MemoryNetwork();
    await memoryGateway(network, 'g');
    await memoryGateway(network, 'h');
    const tab = await memoryClient(network, ['g:443', 'h:443'], { name: 'tab' });
    for (const [lost, next] of ['gh', 'hg', 'gh', 'hg']) {
      network.partition([lost!], ['tab.example']);
      network.breakConnections();
      await until(() => tab.localAddress.startsWith(`${next}:`));
      expect(tab.localAddress).toBe(`${next}:7946!tab`);
      network.heal();
    }
  });

  it('keeps its name when several gateways share an address', async () => {
    const network = new MemoryNetwork();
    await memoryGateway(network, 'g');
    await memoryGateway(network, 'h');
    const inner = network.createStreamTransport({ host: 'tab.example' });
    const balanced: string[] = [];
    const transport: StreamTransport = {
      dial(_, options) {
        balanced.push(balanced.length % 2 === 0 ? 'g' : 'h');
        return inner.dial(`${balanced.at(-1)}:443`, options);
      },
      listen: (address, options) => inner.listen(address, options),
    };
    const tab = await memoryClient(network, ['any:443'], { name: 'tab', transport });
    for (let dials = 1; dials <= 4; dials++) {
      expect(balanced.length).toBe(dials);
      expect(tab.localAddress).toBe(`${balanced.at(-1)}:7946!tab`);
      network.breakConnections();
      await until(() => !tab.isConnected);
      await until(() => tab.isConnected);
    }
  });

  it('waits longer and longer for a gateway that welcomes it and then drops it', async () => {
    const network = new MemoryNetwork();
    const listener = keep(await network.createStreamTransport().listen('g:443'));
    let dials = 0;
    const welcome = [0x81, 1, 5, 103, 58, 49, 33, 97, ...new Uint8Array(16), 5, 0]; // "g:1!a"
    void (async () => {
      for await (const connection of listener) {
        dials++;
        connection.send(bytes(...welcome));
        await connection[Symbol.asyncIterator]().next();
        setTimeout(() => connection.abort(new Error('dropped')), 1);
      }
    })();
    const draws: number[] = [];
    const tab = await memoryClient(network, ['g:443'], {
      retryDelay: 20,
      maxRetryDelay: 10_000,
      random: () => draws.push(dials) && 0.5,
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    // After 15, 30, 60, 120 and 240 ms. Even the first attempt to return is put off by a random time.
    expect(dials).toBeGreaterThan(1);
    expect(dials).toBeLessThanOrEqual(6);
    expect(draws).toEqual(draws.map((_, i) => i + 1));
    await tab.close();
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
