import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type Connection, type Listener, parseAddress } from '@shoal/transport';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { WebSocketConstructor } from './browser-socket.ts';
import { CERTIFICATE, PRIVATE_KEY } from './certificate.test-helper.ts';
import { createWebSocketTransport, type WebSocketTransportOptions } from './index.ts';
import {
  attachWebSocketListener,
  createWebSocketServerTransport,
  type WebSocketListener,
  type WebSocketRequest,
  type WebSocketServerOptions,
} from './server.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(
  options: WebSocketServerOptions = {},
  address = '127.0.0.1:0',
): Promise<WebSocketListener> {
  const listener = await createWebSocketServerTransport({ closeTimeout: 500, ...options }).listen(
    address,
  );
  closers.push(() => listener.close());
  return listener;
}

function keep(connection: Connection): Connection {
  closers.push(() => connection.abort(new Error('test over')));
  return connection;
}

/** Dials as a browser would. */
function dial(address: string, options: WebSocketTransportOptions = {}): Promise<Connection> {
  return createWebSocketTransport({ closeTimeout: 500, ...options })
    .dial(address)
    .then(keep);
}

/** Dials with `ws`, which tells why it was refused. */
function dialNode(address: string, options: WebSocketServerOptions = {}): Promise<Connection> {
  const transport = createWebSocketServerTransport({ closeTimeout: 500, ...options });
  return transport.dial(address).then(keep);
}

async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  if (result.done) throw new Error('ended');
  return result.value;
}

async function endOf(connection: AsyncIterable<Uint8Array>): Promise<string> {
  try {
    for await (const _ of connection);
    return 'end';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const HEADERS = [
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];

/** Sends a request by hand; the socket and the first line of the answer. */
async function handshake(
  address: string,
  lines: readonly string[],
  path = '/',
): Promise<{ socket: Socket; status: string }> {
  const { host, port } = parseAddress(address);
  const socket = connect({ host, port });
  closers.push(() => socket.destroy());
  socket.on('error', () => {});
  socket.write([`GET ${path} HTTP/1.1`, ...lines, '\r\n'].join('\r\n'));
  const [chunk] = await once(socket, 'data');
  return { socket, status: String(chunk).split('\r\n', 1)[0]! };
}

/** A frame of a client, whose mask is 0. */
function masked(first: number, ...payload: number[]): Uint8Array {
  return Uint8Array.of(first, 0x80 | payload.length, 0, 0, 0, 0, ...payload);
}

const SPEAKS = 'Sec-WebSocket-Protocol: shoal.1';

describe('a handshake', () => {
  it.each([
    ['from the same host', 'http://x', 101],
    ['from another', 'http://y', 403],
    ['from another port', 'http://x:8080', 403],
    ['from nowhere', 'null', 403],
  ])('%s is answered with %s: %i', async (_, origin, status) => {
    const { address } = await listen();
    const got = await handshake(address, [...HEADERS, SPEAKS, `Origin: ${origin}`]);
    expect(got.status).toMatch(`HTTP/1.1 ${status} `);
  });

  it('is checked against the origins that are given', async () => {
    const { address } = await listen({ origins: ['https://App.example', 'http://localhost:8080'] });
    const status = async (origin: string): Promise<string> =>
      (await handshake(address, [...HEADERS, SPEAKS, `Origin: ${origin}`])).status;
    expect(await status('https://app.example')).toMatch('101');
    expect(await status('http://localhost:8080')).toMatch('101');
    expect(await status('http://app.example')).toMatch('403');
    expect(await status('https://app.example.evil')).toMatch('403');
    expect(await status('http://x')).toMatch('403');
    const { address: other } = await listen({ origins: (origin) => origin.endsWith('.me') });
    const refused = dialNode(other, { headers: { origin: 'http://x.you' } });
    await expect(refused).rejects.toMatchObject({ code: 'untrusted' });
    await dialNode(other, { headers: { origin: 'http://x.me' } });
    const argument = expect.objectContaining({ code: 'argument' });
    expect(() => createWebSocketServerTransport({ origins: ['app.example'] })).toThrow(argument);
  });

  it('shows its token, path and origin to the hook that decides', async () => {
    const seen: WebSocketRequest[] = [];
    const listener = await listen({
      path: '/shoal',
      authorize: async (it) => {
        seen.push(it);
        if (it.token === 'throw') throw new Error('no');
        return it.token === 'Grüße, +/=';
      },
    });
    const path = '/shoal?room=1';
    await dial(listener.address, { path, token: async () => 'Grüße, +/=' });
    expect(seen[0]).toMatchObject({ token: 'Grüße, +/=', path, origin: undefined });
    expect((await next(listener)).request).toBe(seen[0]);
    const options = (token: string | undefined): object =>
      token === undefined ? { path } : { path, token };
    for (const token of [undefined, 'wrong', 'throw']) {
      await expect(dial(listener.address, options(token))).rejects.toMatchObject({
        code: expect.stringMatching(/^(untrusted|refused)$/),
      });
    }
    expect(seen.map((it) => it.token)).toEqual(['Grüße, +/=', undefined, 'wrong', 'throw']);
    const wrong = [...HEADERS, `${SPEAKS}, shoal.token.%%%`];
    expect((await handshake(listener.address, wrong, '/shoal')).status).toMatch('403');
    expect(seen.at(-1)?.token).toBeUndefined();
    await expect(dialNode(listener.address)).rejects.toMatchObject({
      code: 'protocol', // 404
    });
  });

  it('is refused without the subprotocol, to a plain request, and when it takes too long', async () => {
    const { address } = await listen({
      handshakeTimeout: 40,
      authorize: () => new Promise(() => {}),
    });
    expect((await handshake(address, HEADERS)).status).toMatch('400');
    expect((await handshake(address, [...HEADERS, SPEAKS])).status).toMatch('408');
    expect((await handshake(address, ['Host: x'])).status).toMatch('426');
    const { host, port } = parseAddress(address);
    const silent = connect({ host, port });
    silent.on('error', () => {});
    silent.resume();
    await once(silent, 'close');
  });

  it('is refused when there are enough connections, with those in handshake', async () => {
    let release = (_: boolean): void => {};
    let asked = (): void => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const listener = await listen({
      maxConnections: 2,
      authorize(it) {
        if (it.token === undefined) return true;
        asked();
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    });
    await dialNode(listener.address);
    const waiting = dialNode(listener.address, { token: 'wait' });
    await isAsked;
    await expect(dialNode(listener.address)).rejects.toMatchObject({ code: 'refused' });
    release(true);
    await waiting;
  });

  it('is not taken for one of a server that speaks otherwise', async () => {
    const server = createServer((_, response) => void response.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    await expect(dialNode(`127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'protocol' });
    const argument = { code: 'argument' };
    for (const options of [{ token: '' }, { token: 'x'.repeat(4097) }, { path: '/#x' }]) {
      await expect(dial(`127.0.0.1:${port}`, options)).rejects.toMatchObject(argument);
    }
    const late = { token: () => new Promise<string>(() => {}), dialTimeout: 20 };
    await expect(dial(`127.0.0.1:${port}`, late)).rejects.toMatchObject({ code: 'timeout' });
    const broken = { token: () => Promise.reject(new Error('x')) };
    await expect(dial(`127.0.0.1:${port}`, broken)).rejects.toMatchObject({ code: 'io' });
    await expect(createWebSocketTransport().listen('127.0.0.1:0')).rejects.toMatchObject({
      code: 'address',
    });
  });
});

describe('an HTTP server of one’s own', () => {
  it('may have listeners at several paths, which leave it as it is', async () => {
    const server = createServer((_, response) => void response.end('page'));
    expect(() => attachWebSocketListener(server)).toThrow(
      expect.objectContaining({ code: 'argument' }),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const one = attachWebSocketListener(server, { path: '/one' });
    const two = attachWebSocketListener(server, { path: '/two' });
    expect(one.address).toBe(two.address);
    const nears = [];
    for (const [path, listener] of [
      ['/one', one],
      ['/two', two],
    ] as [string, Listener][]) {
      const near = await dial(one.address, { path });
      nears.push(near);
      near.send(new TextEncoder().encode(path));
      const frame = await next(keep(await next(listener)));
      expect(new TextDecoder().decode(frame)).toBe(path);
    }
    await one.close();
    await expect(dial(one.address, { path: '/one' })).rejects.toMatchObject({
      code: expect.stringMatching(/^(protocol|refused)$/),
    });
    const { port } = parseAddress(one.address);
    const page = await new Promise<number | undefined>((resolve) => {
      request({ host: '127.0.0.1', port }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(page).toBe(200);
    await two.close();
    for (const near of nears) expect(near.send(Uint8Array.of(1))).toBe(true);
  });
});

describe('TLS', () => {
  it('carries connections, and refuses a certificate that nobody vouches for', async () => {
    const listener = await listen({ tls: { cert: CERTIFICATE, key: PRIVATE_KEY } });
    const near = await dialNode(listener.address, { secure: true, ca: CERTIFICATE });
    near.send(Uint8Array.of(1));
    const far = keep(await next(listener));
    expect(await next(far)).toEqual(Uint8Array.of(1));
    for (let i = 0; i < 30; i++) far.send(new Uint8Array(100_000).fill(i));
    const closing = far.close();
    let count = 0;
    for await (const frame of near) expect(frame[99_999]).toBe(count++);
    expect(count).toBe(30);
    await closing;
    await expect(dialNode(listener.address, { secure: true })).rejects.toMatchObject({
      code: 'untrusted',
    });
    const bad = listen({ tls: { cert: 'x', key: 'y' } });
    await expect(bad).rejects.toMatchObject({ code: 'argument' });
  });
});

describe('half-open connections', () => {
  it('are found by a ping that is not answered', async () => {
    const listener = await listen({ pingInterval: 20 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    const pings: number[] = [];
    socket.on('data', (chunk: Buffer) => pings.push(chunk[0]!));
    const accepted = await next(listener);
    expect(await endOf(accepted)).toBe('timeout');
    expect(pings[0]).toBe(0x89);
    await expect(accepted.ready()).rejects.toMatchObject({ code: 'timeout' });
  });

  it('are told from idle ones, and from those that are not read', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    closers.push(() => vi.useRealTimers());
    const listener = await listen({ pingInterval: 1000, receiveHighWaterMark: 1000 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    const accepted = keep(await next(listener));
    for (let i = 0; i < 3; i++) {
      const ping = once(socket, 'data');
      vi.advanceTimersByTime(1000);
      expect(((await ping) as [Buffer])[0][0]).toBe(0x89);
      socket.write(masked(0x8a)); // a pong, and a frame that shows when it has come
      socket.write(masked(0x82, i));
      expect(await next(accepted)).toEqual(Uint8Array.of(i));
    }
    // From now on nobody reads: the connection is paused, and sees no pong.
    const frame = masked(0x82, ...new Uint8Array(100));
    for (let i = 0; i < 20_000; i++) socket.write(frame);
    for (let i = 0; i < 50; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (i > 30) vi.advanceTimersByTime(1000);
    }
    for (let i = 0; i < 20_000; i++) expect((await next(accepted)).length).toBe(100);
  });

  it('are told from those that take what waits for them', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    closers.push(() => vi.useRealTimers());
    const listener = await listen({ pingInterval: 1000 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    socket.pause();
    const accepted = keep(await next(listener));
    // Until the system has taken all that it takes.
    let left = true;
    while (left) {
      while (accepted.send(new Uint8Array(1 << 18)));
      left = false;
      void accepted.ready().then(
        () => {
          left = true;
        },
        () => {},
      );
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    vi.advanceTimersByTime(1000);
    socket.resume();
    await accepted.ready();
    // No pong has come, since the ping waits behind the frames, but these have left.
    vi.advanceTimersByTime(1000);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    await accepted.ready();
    expect(accepted.send(new Uint8Array(1)) || (await accepted.ready()) === undefined).toBe(true);
  });
});

describe('what a peer may send', () => {
  it.each([
    ['text', masked(0x81, 65), 'protocol', 1003],
    ['a frame that is not masked', Uint8Array.of(0x82, 1, 65), 'protocol', 1002],
    ['a reserved bit', masked(0xc2, 65), 'protocol', 1002],
    ['a length over the limit', Uint8Array.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0), 'size', 1009],
  ])('is not %s', async (_, frame, code, closeCode) => {
    const listener = await listen({ maxFrameLength: 1000 });
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    const answer = once(socket, 'data');
    socket.write(frame);
    expect(await endOf(await next(listener))).toBe(code);
    const [chunk] = (await answer) as [Buffer];
    expect([chunk[0], chunk.readUInt16BE(2)]).toEqual([0x88, closeCode]);
  });

  it('includes a message in fragments', async () => {
    const listener = await listen();
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    for (const part of [masked(0x02, 1), masked(0x00, 2), masked(0x80, 3)]) socket.write(part);
    expect(await next(keep(await next(listener)))).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each([
    ['1001, as a tab that is left', 1001, 'reset'],
    ['1009', 1009, 'size'],
    ['4000, as a page that breaks off', 4000, 'reset'],
    ['1000', 1000, 'end'],
  ])('ends with what the close code %s means', async (_, code, end) => {
    const listener = await listen();
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    socket.write(masked(0x88, code >> 8, code & 255));
    expect(await endOf(keep(await next(listener)))).toBe(end);
  });
});

describe("a platform's WebSocket", () => {
  const Platform = WebSocket as unknown as WebSocketConstructor;

  it('is broken off when more is unread than may be', async () => {
    const listener = await listen();
    const near = await dial(listener.address, {
      WebSocket: Platform,
      maxFrameLength: 1000,
      maxUnread: 10_000,
    });
    const far = keep(await next(listener));
    const end = endOf(far);
    for (let i = 0; i < 20; i++) far.send(new Uint8Array(1000));
    // The peer is told that it was no orderly end.
    expect(await end).toBe('reset');
    expect(await endOf(near)).toBe('overflow');
  });

  it('breaks off a frame that is over the limit', async () => {
    const listener = await listen();
    const near = await dial(listener.address, { WebSocket: Platform, maxFrameLength: 1000 });
    const far = keep(await next(listener));
    far.send(new Uint8Array(1001));
    expect(await endOf(near)).toBe('size');
    expect(await endOf(far)).toBe('reset');
  });

  it('is not used with a server that chooses another subprotocol', async () => {
    const server = createServer();
    server.on('upgrade', (_, socket) => {
      socket.end(
        `HTTP/1.1 101 x\r\n${HEADERS.slice(1, 3).join('\r\n')}\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n`,
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const attempt = dial(`127.0.0.1:${port}`, { WebSocket: Platform });
    await expect(attempt).rejects.toMatchObject({
      code: expect.stringMatching(/^(refused|protocol)$/),
    });
  });
});
