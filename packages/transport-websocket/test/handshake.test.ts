import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Listener, parseAddress } from '@shoal/transport';
import { describe, expect, it } from 'vitest';
import { createWebSocketTransport } from '../src/index.ts';
import {
  attachWebSocketListener,
  createWebSocketServerTransport,
  type WebSocketRequest,
} from '../src/server.ts';
import { CERTIFICATE, PRIVATE_KEY } from './certificate.test-helper.ts';
import {
  closers,
  dial,
  dialNode,
  HEADERS,
  handshake,
  keep,
  listen,
  next,
  SPEAKS,
} from './websocket.test-helper.ts';

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

  it('is checked against the given origins', async () => {
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

  it('that is refused is reported and counted', async () => {
    const listener = await listen({ path: '/shoal', authorize: ({ token }) => token === 'good' });
    const seen: unknown[] = [];
    listener.on('refused', ({ reason, origin, path }) => seen.push([reason, origin, path]));
    const ask = (headers: string[], path = '/shoal'): Promise<unknown> =>
      handshake(listener.address, [...HEADERS, ...headers], path);
    await ask([SPEAKS, 'Origin: https://evil.example']);
    await ask([SPEAKS, 'Origin: null'], '/shoal?page=1');
    await ask([SPEAKS]);
    await ask(['Sec-WebSocket-Protocol: chat']);
    await ask([SPEAKS], '/elsewhere');
    await dial(listener.address, { path: '/shoal', token: 'good' });
    expect(seen).toEqual([
      ['origin', 'https://evil.example', '/shoal'],
      ['origin', 'null', '/shoal?page=1'],
      ['unauthorized', undefined, '/shoal'],
      ['malformed', undefined, '/shoal'],
      ['path', undefined, '/elsewhere'],
    ]);
    expect(listener.stats()).toEqual({
      connections: 1,
      accepted: 1,
      refused: { origin: 2, unauthorized: 1, overload: 0, timeout: 0, malformed: 1, path: 1 },
    });
  });

  it('passes its token, path and origin to authorize', async () => {
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

  it('is refused without the subprotocol, for a plain request, and when it takes too long', async () => {
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

  it('is refused over the limit of connections, including those in handshake', async () => {
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

  it('fails with a server that speaks another protocol', async () => {
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

describe('an HTTP server of the application', () => {
  it('may have listeners at several paths, which do not close it', async () => {
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
  it('carries connections, and refuses an untrusted certificate', async () => {
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
