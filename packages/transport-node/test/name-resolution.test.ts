import { parseAddress } from '@shoal/transport';
import { describe, expect, it } from 'vitest';
import { bind, bytes, inbox, until } from '../src/udp/udp.test-helper.ts';

describe('names', () => {
  it('are resolved once, in the background, for all datagrams that wait for them', async () => {
    const b = await bind();
    const { port } = parseAddress(b.localAddress);
    const asked: unknown[] = [];
    let answer = (_ip: string): void => {};
    const a = await bind({
      lookup: (name, family) => {
        asked.push([name, family]);
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    const received = inbox(b);
    expect(a.send(`Peer.example:${port}`, bytes(1))).toBe(true);
    expect(a.send(`peer.example:${port}`, bytes(2))).toBe(true);
    expect(a.stats().sent).toBe(0);
    answer('127.0.0.1');
    expect([(await received())[1], (await received())[1]]).toEqual([bytes(1), bytes(2)]);
    a.send(`peer.example:${port}`, bytes(3));
    expect((await received())[1]).toEqual(bytes(3));
    expect(asked).toEqual([['peer.example', 4]]);
  });

  it('that are not found are counted, and not looked up again at once', async () => {
    let asked = 0;
    const a = await bind({
      lookup: async () => {
        asked++;
        throw new Error('ENOTFOUND');
      },
    });
    expect(a.send('nobody.example:1', bytes(1))).toBe(true);
    await until(() => a.stats().unroutable === 1);
    expect(a.send('nobody.example:1', bytes(1))).toBe(false);
    expect([a.stats().unroutable, asked]).toEqual([2, 1]);
  });

  it('make datagrams wait in a bounded queue, past which send returns false', async () => {
    const b = await bind();
    const { port } = parseAddress(b.localAddress);
    let answer = (_ip: string): void => {};
    const a = await bind({
      maxDatagramSize: 25,
      sendQueueSize: 25,
      lookup: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const to = `peer.example:${port}`;
    const results = [1, 2, 3].map((value) => a.send(to, new Uint8Array(10).fill(value)));
    expect(results).toEqual([true, true, false]);
    expect(a.stats().dropped).toBe(1);
    const received = inbox(b);
    answer('127.0.0.1');
    expect([(await received())[1][0], (await received())[1][0]]).toEqual([1, 2]);
    expect(a.send(to, new Uint8Array(25).fill(4))).toBe(true);
    expect((await received())[1][0]).toBe(4);
  });

  it('cannot flood the resolver', async () => {
    let asked = 0;
    const a = await bind({
      closeTimeout: 1,
      lookup: () => {
        asked++;
        return new Promise(() => {});
      },
    });
    for (let i = 0; i < 1000; i++) a.send(`host-${i}.example:1`, bytes(1));
    expect(asked).toBe(16);
    expect(a.stats().unroutable).toBe(984);
  });

  it('of IPv6 hosts cannot be sent to over IPv4', async () => {
    const a = await bind({ lookup: async () => '::1' });
    a.send('peer.example:1', bytes(1));
    await until(() => a.stats().unroutable === 1);
  });
});
