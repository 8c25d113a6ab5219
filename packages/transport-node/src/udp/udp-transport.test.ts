import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { parseAddress } from '@shoal/transport';
import { describe, expect, it } from 'vitest';
import { bind, bytes, inbox, until } from './udp.test-helper.ts';
import type { UdpOptions } from './udp-options.ts';
import { createUdpTransport } from './udp-transport.ts';

describe('a UDP transport', () => {
  it.each(['127.0.0.1:0', '[::1]:0', 'localhost:0'])('sends and receives at %s', async (at) => {
    const a = await bind({ bind: at });
    const b = await bind({ bind: at });
    expect(parseAddress(a.localAddress).port).toBeGreaterThan(0);
    const received = inbox(b);
    expect(a.send(b.localAddress, bytes(1, 2, 3))).toBe(true);
    const [from, data] = await received();
    expect(from).toBe(a.localAddress);
    expect(data).toEqual(bytes(1, 2, 3));
    expect(data.constructor).toBe(Uint8Array);
    await until(() => a.stats().sent === 1);
    expect(a.stats()).toMatchObject({ sentBytes: 3, errors: {} });
    expect(b.stats()).toMatchObject({ received: 1, receivedBytes: 3, unclaimed: 0 });
  });

  it('speaks both versions of IP when bound to [::], and names IPv4 peers as such', async () => {
    const dual = await bind({ bind: '[::]:0' });
    const { port } = parseAddress(dual.localAddress);
    const four = await bind();
    const six = await bind({ bind: '[::1]:0' });
    const received = inbox(dual);
    for (const [peer, to] of [
      [four, `127.0.0.1:${port}`],
      [six, `[::1]:${port}`],
    ] as const) {
      const answer = inbox(peer);
      peer.send(to, bytes(1));
      const [from] = await received();
      expect(from).toBe(peer.localAddress);
      dual.send(from, bytes(2));
      expect(await answer()).toEqual([to, bytes(2)]);
    }
  });

  it('sends to the gateway of a client', async () => {
    const a = await bind();
    const gateway = await bind();
    const received = inbox(gateway);
    expect(a.send(`${gateway.localAddress}!tab-1`, bytes(1))).toBe(true);
    expect((await received())[1]).toEqual(bytes(1));
  });

  it('carries an empty datagram and one of the largest size', async () => {
    const a = await bind({ maxDatagramSize: 65_507 });
    const b = await bind();
    const received = inbox(b);
    a.send(b.localAddress, bytes());
    a.send(b.localAddress, new Uint8Array(65_507).fill(7));
    expect((await received())[1].length).toBe(0);
    const [, data] = await received();
    expect([data.length, data[65_506]]).toEqual([65_507, 7]);
  });

  it('throws size for a datagram over the limit, and sends nothing', async () => {
    const a = await bind({ maxDatagramSize: 10 });
    expect(a.maxDatagramSize).toBe(10);
    expect(() => a.send('127.0.0.1:9', new Uint8Array(11))).toThrow(
      expect.objectContaining({ code: 'size' }),
    );
    expect(a.stats().sent).toBe(0);
    expect((await bind()).maxDatagramSize).toBe(1452);
  });

  it('counts unroutable datagrams instead of throwing', async () => {
    const a = await bind();
    const six = await bind({ bind: '[::1]:0' });
    const bad = ['', 'x', '127.0.0.1', '127.0.0.1:0', '[::1]:9', '999.1.1.1:1', '::1:9'];
    for (const to of bad) expect(a.send(to, bytes(1))).toBe(false);
    expect(six.send('127.0.0.1:9', bytes(1))).toBe(false);
    expect(a.stats()).toMatchObject({ unroutable: bad.length, sent: 0, dropped: 0 });
    expect(six.stats().unroutable).toBe(1);
  });

  it('counts datagrams that the system refuses, and continues', async () => {
    const a = await bind();
    const b = await bind();
    const received = inbox(b);
    // Broadcasting is off, so this is refused with EACCES (or, without a route, otherwise).
    expect(a.send('255.255.255.255:9', bytes(1))).toBe(true);
    await until(() => Object.keys(a.stats().errors).length > 0);
    expect(a.stats().sent).toBe(0);
    a.send(b.localAddress, bytes(2));
    expect((await received())[1]).toEqual(bytes(2));
  });

  it('is not harmed by a peer that is gone', async () => {
    const a = await bind();
    const b = await bind();
    const received = inbox(a);
    const gone = await createUdpTransport({ bind: '127.0.0.1:0' });
    await gone.close();
    for (let i = 0; i < 10; i++) a.send(gone.localAddress, bytes(1));
    b.send(a.localAddress, bytes(2));
    expect((await received())[1]).toEqual(bytes(2));
  });

  it('drops and counts datagrams that arrive before there is a handler', async () => {
    const a = await bind();
    const b = await bind();
    a.send(b.localAddress, bytes(1));
    await until(() => b.stats().received === 1);
    const received = inbox(b);
    a.send(b.localAddress, bytes(2));
    expect((await received())[1]).toEqual(bytes(2));
    expect(b.stats().unclaimed).toBe(1);
  });

  it('passes datagrams to the latest handler', async () => {
    const a = await bind();
    const b = await bind();
    b.receive(() => {
      throw new Error('the earlier handler');
    });
    const received = inbox(b);
    a.send(b.localAddress, bytes(1));
    await received();
  });
});

describe('closing', () => {
  it('flushes accepted datagrams, including those that wait for a name', async () => {
    const b = await bind({ receiveBufferSize: 1 << 20 });
    const { port } = parseAddress(b.localAddress);
    let answer = (_ip: string): void => {};
    const a = await bind({
      lookup: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const received = inbox(b);
    a.send(`peer.example:${port}`, bytes(0));
    for (let i = 1; i <= 20; i++) a.send(b.localAddress, bytes(i));
    const closing = a.close();
    expect(a.close()).toBe(closing);
    expect(a.send(b.localAddress, bytes(99))).toBe(false);
    answer('127.0.0.1');
    await closing;
    const got = new Set<number>();
    for (let i = 0; i <= 20; i++) got.add((await received())[1][0]!);
    expect(got.size).toBe(21);
    expect(got.has(99)).toBe(false);
  });

  it('does not wait forever for a name', async () => {
    const a = await bind({ closeTimeout: 10, lookup: () => new Promise(() => {}) });
    a.send('peer.example:1', bytes(1));
    await a.close();
  });

  it('frees the port, by await using as well', async () => {
    let address: string;
    {
      await using a = await createUdpTransport({ bind: '127.0.0.1:0' });
      address = a.localAddress;
    }
    expect((await bind({ bind: address })).localAddress).toBe(address);
  });

  it('follows the signal', async () => {
    const controller = new AbortController();
    const a = await bind({ signal: controller.signal });
    controller.abort();
    expect(a.send('127.0.0.1:9', bytes(1))).toBe(false);
    await a.close();
    await expect(bind({ signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
    const during = new AbortController();
    const binding = bind({ signal: during.signal });
    during.abort();
    await expect(binding).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('createUdpTransport', () => {
  it('reports what is wrong with the address to bind to', async () => {
    const taken = createSocket('udp4').bind({ port: 0, address: '127.0.0.1', exclusive: true });
    await once(taken, 'listening');
    await expect(bind({ bind: `127.0.0.1:${taken.address().port}` })).rejects.toMatchObject({
      code: 'in-use',
      cause: expect.objectContaining({ code: 'EADDRINUSE' }),
    });
    taken.close();
    await expect(bind({ bind: '192.0.2.1:0' })).rejects.toMatchObject({ code: 'in-use' });
    await expect(bind({ bind: 'nowhere' })).rejects.toMatchObject({ code: 'address' });
    const lookup = (): Promise<string> => Promise.reject(new Error('no'));
    await expect(bind({ bind: 'a.example:1', lookup })).rejects.toMatchObject({ code: 'resolve' });
  });

  it('refuses options out of range', async () => {
    const bad: Partial<UdpOptions>[] = [
      { maxDatagramSize: 0 },
      { maxDatagramSize: 65_508 },
      { sendQueueSize: 1451 },
      { receiveBufferSize: 0.5 },
      { closeTimeout: Number.NaN },
    ];
    for (const options of bad) {
      await expect(bind(options)).rejects.toMatchObject({ code: 'argument' });
    }
  });
});
