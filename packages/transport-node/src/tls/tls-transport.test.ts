import { connect } from 'node:net';
import { type Connection, type Listener, parseAddress } from '@shoal/transport';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTcpTransport } from '../tcp/tcp-transport.ts';
import {
  createTestAuthority,
  type TestAuthority,
  type TestIdentity,
} from './certificates.test-helper.ts';
import type { TlsOptions } from './tls-options.ts';
import { createTlsTransport } from './tls-transport.ts';

let authority: TestAuthority;
let feeder: TestIdentity;
let replica: TestIdentity;

beforeAll(async () => {
  authority = await createTestAuthority();
  feeder = await authority.issue([
    { type: 'dns', value: 'Feeder.cluster' },
    { type: 'ip', value: '127.0.0.1' },
  ]);
  replica = await authority.issue([{ type: 'url', value: 'spiffe://cluster/replica' }]);
});

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(options: Partial<TlsOptions> = {}): Promise<Listener> {
  const transport = createTlsTransport({
    ...feeder,
    ca: authority.ca,
    closeTimeout: 500,
    ...options,
  });
  const listener = await transport.listen('127.0.0.1:0');
  closers.push(() => listener.close());
  return listener;
}

async function dial(address: string, options: Partial<TlsOptions> = {}): Promise<Connection> {
  const all = { ...replica, ca: authority.ca, closeTimeout: 500, ...options };
  const connection = await createTlsTransport(all).dial(address);
  closers.push(() => connection.abort(new Error('test over')));
  return connection;
}

async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  if (result.done) throw new Error('ended');
  return result.value;
}

/** Passes when the peer has broken this connection off: by an error, or by an end without a frame. */
async function refused(connection: Connection): Promise<void> {
  await expect(next(connection)).rejects.toThrow();
}

describe('TLS', () => {
  it('carries frames of all sizes both ways between certified peers', async () => {
    const listener = await listen({ allow: ['spiffe://cluster/replica'] });
    const near = await dial(listener.address, { allow: ['feeder.CLUSTER'] });
    const far = await next(listener);
    for (const size of [0, 1, 20_000, 3_000_000]) {
      const frame = new Uint8Array(size).fill(size & 255);
      near.send(frame);
      expect(Buffer.compare(await next(far), frame)).toBe(0);
      far.send(frame);
      expect(Buffer.compare(await next(near), frame)).toBe(0);
    }
    for (let i = 0; i < 5000; i++) near.send(Uint8Array.of(i & 255));
    const closing = near.close();
    let count = 0;
    for await (const frame of far) expect(frame[0]).toBe(count++ & 255);
    expect(count).toBe(5000);
    await Promise.all([far.close(), closing]);
  });

  it('checks the host of the address unless there is a list of names', async () => {
    const good = await listen();
    await dial(good.address);
    const other = await listen(await authority.issue([{ type: 'dns', value: 'other.cluster' }]));
    await expect(dial(other.address)).rejects.toMatchObject({ code: 'untrusted' });
  });

  it('does not dial a peer whose name is not allowed', async () => {
    const listener = await listen();
    await expect(dial(listener.address, { allow: ['feeder.cluster.evil'] })).rejects.toMatchObject({
      code: 'untrusted',
      message: expect.stringContaining('Feeder.cluster'),
    });
  });

  it('does not accept a peer whose name is not allowed', async () => {
    const listener = await listen({ allow: ['spiffe://cluster/Replica'] });
    await refused(await dial(listener.address));
    const good = await dial(
      await listen({ allow: ['spiffe://cluster/replica'] }).then((l) => l.address),
    );
    expect(good.send(Uint8Array.of(1))).toBe(true);
  });

  it('refuses a peer without a certificate, with one of another authority, or an expired one', async () => {
    const listener = await listen();
    const stranger = await (await createTestAuthority()).issue([{ type: 'dns', value: 'x' }]);
    const expired = await authority.issue([{ type: 'dns', value: 'x' }], { expired: true });
    for (const identity of [stranger, expired]) {
      await refused(await dial(listener.address, identity));
      const impostor = await listen(identity);
      await expect(dial(impostor.address)).rejects.toMatchObject({ code: 'untrusted' });
    }
    const { ca } = authority;
    const anonymous = createTlsTransport({ ca, mutual: false });
    const connection = await anonymous.dial(listener.address);
    await refused(connection);
    // None of them was handed out: the next one that is, is the good one.
    const good = await dial(listener.address);
    good.send(Uint8Array.of(7));
    expect(await next(await next(listener))).toEqual(Uint8Array.of(7));
  });

  it('accepts all peers when it is not mutual, and still proves who listens', async () => {
    const listener = await listen({ mutual: false });
    const { ca } = authority;
    const connection = await createTlsTransport({ ca, mutual: false }).dial(listener.address);
    connection.send(Uint8Array.of(1));
    expect(await next(await next(listener))).toEqual(Uint8Array.of(1));
    connection.abort(new Error('done'));
    const other = (await createTestAuthority()).ca;
    const wary = createTlsTransport({ ca: other, mutual: false });
    await expect(wary.dial(listener.address)).rejects.toMatchObject({ code: 'untrusted' });
  });

  it('ends a handshake that is too slow, even if bytes keep coming', async () => {
    const listener = await listen({ handshakeTimeout: 60 });
    const { host, port } = parseAddress(listener.address);
    const silent = connect({ host, port });
    const slow = connect({ host, port });
    // The start of a handshake record; each byte would restart a timeout for inactivity.
    const record = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, ...new Array<number>(500).fill(0)];
    const drip = setInterval(() => slow.write(Uint8Array.of(record.shift() ?? 0)), 5);
    for (const socket of [silent, slow]) socket.on('error', () => {}).resume();
    await Promise.all(
      [silent, slow].map((socket) => new Promise((done) => socket.on('close', done))),
    );
    clearInterval(drip);
    const good = await dial(listener.address);
    await next(listener);
    expect(good.send(Uint8Array.of(1))).toBe(true);
  });

  it('survives garbage, and gives up on a listener that does not speak TLS', async () => {
    const listener = await listen();
    const { host, port } = parseAddress(listener.address);
    const garbage = connect({ host, port });
    garbage.on('error', () => {});
    const closed = new Promise((done) => garbage.resume().on('close', done));
    garbage.write(new Uint8Array(1000).fill(0x47));
    await closed;
    await dial(listener.address);
    await next(listener);

    const plain = await createTcpTransport({ closeTimeout: 100 }).listen('127.0.0.1:0');
    closers.push(() => plain.close());
    await expect(dial(plain.address, { dialTimeout: 50 })).rejects.toMatchObject({
      code: 'timeout',
    });
  });

  it('is canceled by a signal during the handshake', async () => {
    const plain = await createTcpTransport({ closeTimeout: 100 }).listen('127.0.0.1:0');
    closers.push(() => plain.close());
    const controller = new AbortController();
    const all = { ...replica, ca: authority.ca };
    const dialing = createTlsTransport(all).dial(plain.address, { signal: controller.signal });
    const accepted = await next(plain); // so it is past the TCP handshake
    controller.abort();
    await expect(dialing).rejects.toMatchObject({ code: 'aborted' });
    accepted.abort(new Error('done'));
  });

  // Node crashes when the socket beneath is reset while TLS is not done with it.
  it('survives aborts of either side at any time', async () => {
    const listener = await listen({ closeTimeout: 100 });
    const use = async (connection: Connection, seed: number): Promise<void> => {
      const reading = (async () => {
        for await (const frame of connection) if (seed % 3 === 0) connection.send(frame);
      })().catch(() => {});
      for (let i = 0; i < seed % 7; i++) connection.send(new Uint8Array(seed * 500));
      const closing = seed % 2 === 0 ? connection.close() : undefined;
      for (let turn = 0; turn < seed % 5; turn++) await new Promise((done) => setImmediate(done));
      if (seed % 4 !== 0) connection.abort(new Error('enough'));
      await Promise.all([closing, connection.close(), reading]);
    };
    const serving = (async () => {
      const users: Promise<void>[] = [];
      for await (const connection of listener) users.push(use(connection, users.length));
      await Promise.all(users);
    })();
    const transport = createTlsTransport({ ...replica, ca: authority.ca, closeTimeout: 100 });
    for (let round = 0; round < 15; round++) {
      const seeds = Array.from({ length: 8 }, (_, i) => round * 8 + i);
      await Promise.all(
        seeds.map(async (seed) => use(await transport.dial(listener.address), seed * 11 + 5)),
      );
    }
    await listener.close();
    await serving;
  });

  it.each([
    ['with a list of names', ['feeder.cluster', 'spiffe://cluster/replica']],
    ['without one', undefined],
  ])('says which names a peer has proved, %s', async (_name, allow) => {
    const listener = await listen({ allow });
    const near = await dial(listener.address, { allow });
    near.send(Uint8Array.of(1));
    const far = await next(listener);
    expect(near.peer).toEqual({ names: ['Feeder.cluster'] });
    expect(far.peer).toEqual({ names: ['spiffe://cluster/replica'] });
    const open = await listen({ mutual: false });
    await dial(open.address);
    expect((await next(open)).peer).toEqual({ names: [] });
  });

  it('takes a new certificate and new authorities while it runs', async () => {
    const { ca } = authority;
    const other = await createTestAuthority();
    const renewed = await other.issue([
      { type: 'dns', value: 'renewed.cluster' },
      { type: 'ip', value: '127.0.0.1' },
    ]);
    const server = createTlsTransport({ ...feeder, ca, closeTimeout: 500 });
    const listener = await server.listen('127.0.0.1:0');
    closers.push(() => listener.close());
    const client = createTlsTransport({ ...replica, ca, closeTimeout: 500 });
    const use = async (): Promise<[Connection, Connection]> => {
      const near = await client.dial(listener.address);
      closers.push(() => near.abort(new Error('test over')));
      return [near, await next(listener)];
    };
    const [old, oldFar] = await use();
    server.setCredentials({ ...renewed, ca: [ca, other.ca] });
    await expect(client.dial(listener.address)).rejects.toMatchObject({ code: 'untrusted' });
    client.setCredentials({ ca: [ca, other.ca] });
    const [fresh, freshFar] = await use();
    expect(fresh.peer).toEqual({ names: ['renewed.cluster'] });
    expect(() => server.setCredentials({ cert: 'no cert' })).toThrow(
      expect.objectContaining({ code: 'argument' }),
    );
    for (const [from, to] of [[old, oldFar], [fresh, freshFar], await use()] as const) {
      from.send(Uint8Array.of(3));
      expect(await next(to)).toEqual(Uint8Array.of(3));
    }
  });

  it('closes the listener and frees its port', async () => {
    const listener = await listen();
    const address = listener.address;
    await listener.close();
    await expect(dial(address)).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('createTlsTransport', () => {
  it('refuses keys and certificates that are missing or cannot be read', async () => {
    const { ca } = authority;
    const { key, cert } = feeder;
    const bad: TlsOptions[] = [
      { ca },
      { ca, key },
      { ca, cert, mutual: false },
      { ca, key: 'no key', cert },
      { ca, key, cert: 'no cert' },
      { ca, key: replica.key, cert },
      { ca: [], key, cert },
      { ca, key, cert, handshakeTimeout: 0 },
      { ca, key, cert, maxConnections: 0 },
    ];
    for (const options of bad) {
      expect(() => createTlsTransport(options)).toThrow(
        expect.objectContaining({ code: 'argument' }),
      );
    }
    await expect(
      createTlsTransport({ ca, mutual: false }).listen('127.0.0.1:0'),
    ).rejects.toMatchObject({ code: 'argument' });
  });
});
