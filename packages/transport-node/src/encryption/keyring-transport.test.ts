import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import {
  type Connection,
  type Listener,
  parseAddress,
  type StreamTransport,
} from '@shoal/transport';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTcpTransport } from '../tcp/tcp-transport.ts';
import { createTestAuthority } from '../tls/certificates.test-helper.ts';
import { encodeLabel } from './datagram-cipher.ts';
import { Keyring } from './keyring.ts';
import { createKeyringTransport, type KeyringTransportOptions } from './keyring-transport.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const [first, second] = [randomBytes(32), randomBytes(32)];

function transport(
  keyring: Keyring,
  options: Partial<KeyringTransportOptions> = {},
): StreamTransport {
  return createKeyringTransport({ keyring, label: 'blue', closeTimeout: 500, ...options });
}

async function listen(from: StreamTransport): Promise<Listener> {
  const listener = await from.listen('127.0.0.1:0');
  closers.push(() => listener.close());
  return listener;
}

async function dial(from: StreamTransport, address: string): Promise<Connection> {
  const connection = await from.dial(address);
  closers.push(() => connection.abort(new Error('test over')));
  return connection;
}

async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  if (result.done) throw new Error('ended');
  return result.value;
}

async function listenRaw(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

describe('streams with a keyring', () => {
  it('carry frames both ways between holders of the key, and say which key it is', async () => {
    const [a, b] = [new Keyring(first), new Keyring(first)];
    const listener = await listen(transport(a));
    const near = await dial(transport(b), listener.address);
    const far = await next(listener);
    expect([near.peer, far.peer]).toEqual([{ keyId: a.ids[0] }, { keyId: a.ids[0] }]);
    for (const size of [0, 1, 20_000, 3_000_000]) {
      const frame = new Uint8Array(size).fill(size & 255);
      near.send(frame);
      expect(Buffer.compare(await next(far), frame)).toBe(0);
      far.send(frame);
      expect(Buffer.compare(await next(near), frame)).toBe(0);
    }
  });

  it('are refused to those with another key, or in a cluster with another label', async () => {
    const listener = await listen(transport(new Keyring(first)));
    const strangers = [
      transport(new Keyring(second)),
      transport(new Keyring(first), { label: 'red' }),
    ];
    for (const stranger of strangers) {
      await expect(stranger.dial(listener.address)).rejects.toMatchObject({
        code: 'untrusted',
        message: expect.stringContaining('the peer has no key'),
      });
    }
    // None of them was handed out: the next one that is, is the good one.
    const good = await dial(transport(new Keyring(first)), listener.address);
    good.send(Uint8Array.of(7));
    expect(await next(await next(listener))).toEqual(Uint8Array.of(7));
  });

  it('make an ephemeral key exchange: a key that leaks later reveals nothing', async () => {
    const keyring = new Keyring(first);
    const listener = await listen(transport(keyring));
    const { host, port } = parseAddress(listener.address);
    const psk = keyring.streamKey(keyring.ids[0]!, encodeLabel('blue'))!;
    const socket = connectTls({
      ...{ host, port, ca: [], checkServerIdentity: () => undefined },
      pskCallback: () => ({ psk, identity: keyring.ids[0]! }),
      ciphers: 'TLS_AES_128_GCM_SHA256',
      // Some versions of Node do not tell of the groups that they prefer.
      ecdhCurve: 'X25519',
      minVersion: 'TLSv1.3',
    });
    closers.push(() => socket.destroy());
    await once(socket, 'secureConnect');
    expect(socket.isSessionReused()).toBe(true);
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ type: 'ECDH', name: 'X25519' });
  });

  it('are refused to plain connections', async () => {
    const listener = await listen(transport(new Keyring(first)));
    const plain = await dial(createTcpTransport({ closeTimeout: 500 }), listener.address);
    plain.send(Uint8Array.of(1));
    // Broken off, or ended without a frame of the protocol.
    await expect(next(plain)).rejects.toThrow();
  });

  it('do not trust a listener that has a certificate instead of the key', async () => {
    const authority = await createTestAuthority();
    const identity = await authority.issue([{ type: 'ip', value: '127.0.0.1' }]);
    const impostor = createTlsServer({ ...identity, minVersion: 'TLSv1.3' }, (socket) => {
      socket.on('error', () => {});
    });
    const address = await listenRaw(impostor);
    await expect(transport(new Keyring(first)).dial(address)).rejects.toMatchObject({
      code: 'untrusted',
    });
  });

  it('explain that a listener does not use a keyring', async () => {
    const plain = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n'));
    const address = await listenRaw(plain);
    await expect(transport(new Keyring(first)).dial(address)).rejects.toMatchObject({
      code: 'untrusted',
      message: expect.stringContaining('does not protect its streams'),
    });
  });

  it('go on while the key is changed, and end when their key is removed', async () => {
    const [a, b] = [new Keyring(first), new Keyring(first)];
    const listener = await listen(transport(a));
    const [nearTransport] = [transport(b)];
    const old = await dial(nearTransport, listener.address);
    const oldFar = await next(listener);
    for (const keyring of [a, b]) keyring.add(second);
    for (const keyring of [b, a]) keyring.use(second);
    const fresh = await dial(nearTransport, listener.address);
    const freshFar = await next(listener);
    expect(fresh.peer).toEqual({ keyId: a.ids[0] });
    for (const [from, to] of [
      [old, oldFar],
      [fresh, freshFar],
    ] as const) {
      from.send(Uint8Array.of(5));
      expect(await next(to)).toEqual(Uint8Array.of(5));
    }
    a.remove(first);
    await expect(next(oldFar)).rejects.toMatchObject({
      code: 'aborted',
      cause: { code: 'untrusted', message: expect.stringContaining('was removed') },
    });
    await expect(next(old)).rejects.toMatchObject({ code: 'reset' });
    fresh.send(Uint8Array.of(6));
    expect(await next(freshFar)).toEqual(Uint8Array.of(6));
    // With a key that was removed nobody returns, not even by a ticket of an earlier connection.
    const late = transport(new Keyring(first));
    await expect(late.dial(listener.address)).rejects.toMatchObject({ code: 'untrusted' });
  });

  it('need a label, and a runtime that has pre-shared keys', () => {
    const keyring = new Keyring(first);
    for (const bad of [{ label: '' }, { label: 'x'.repeat(256) }, { handshakeTimeout: 0 }]) {
      expect(() => transport(keyring, bad)).toThrow(expect.objectContaining({ code: 'argument' }));
    }
    vi.stubGlobal('Bun', {});
    closers.push(() => vi.unstubAllGlobals());
    expect(() => transport(keyring)).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('use tls') }),
    );
  });
});
