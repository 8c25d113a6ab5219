import { AsyncQueue } from '@shoal/async';
import { describe, expect, it } from 'vitest';
import type { Connection, Listener, StreamTransport } from './contracts.ts';
import { TransportError } from './errors.ts';
import { dialService, serviceListeners } from './services.ts';

/** One end of a connection without a network. The other end pushes into `inbound`. */
class FakeConnection implements Connection {
  readonly remoteAddress = 'peer:1';
  readonly inbound = new AsyncQueue<Uint8Array>();
  readonly sent: Uint8Array[] = [];
  readonly aborted: Promise<Error>;
  #resolve!: (reason: Error) => void;

  constructor(...frames: Uint8Array[]) {
    this.aborted = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const frame of frames) this.inbound.push(frame);
  }

  send(frame: Uint8Array): boolean {
    this.sent.push(frame);
    return true;
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {
    this.inbound.end();
  }

  abort(reason: Error): void {
    this.inbound.end();
    this.#resolve(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.inbound[Symbol.asyncIterator]();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class FakeListener extends AsyncQueue<Connection> implements Listener {
  readonly address = '127.0.0.1:5';
  closed = false;

  async close(): Promise<void> {
    this.closed = true;
    for (const connection of this.end()) connection.abort(new Error('closed'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

async function first(listener: Listener): Promise<unknown> {
  return (await listener[Symbol.asyncIterator]().next()).value;
}

describe('dialService', () => {
  const dialed = new FakeConnection();
  const transport: StreamTransport = {
    dial: async () => dialed,
    listen: async () => new FakeListener(),
  };

  it('names the service in the first frame', async () => {
    expect(await dialService(transport, 'peer:1', 'REP_SYNCUP')).toBe(dialed);
    expect(dialed.sent).toEqual([utf8('REP_SYNCUP')]);
  });

  it('refuses an empty name and one of more than 256 bytes', async () => {
    for (const name of ['', 'é'.repeat(129)]) {
      await expect(dialService(transport, 'peer:1', name)).rejects.toMatchObject({
        code: 'argument',
      });
    }
  });
});

describe('serviceListeners', () => {
  it('hands each connection to the service it names, with the rest of its frames', async () => {
    const listener = new FakeListener();
    const { A, B } = serviceListeners(listener, ['A', 'B']);
    expect(A.address).toBe(listener.address);
    const silent = new FakeConnection();
    const toB = new FakeConnection(utf8('B'), utf8('one'));
    const toA = new FakeConnection(utf8('A'));
    for (const connection of [silent, toB, toA]) listener.push(connection);
    expect(await first(A)).toBe(toA);
    expect(await first(B)).toBe(toB);
    toB.inbound.push(utf8('two'));
    const frames = toB[Symbol.asyncIterator]();
    expect([(await frames.next()).value, (await frames.next()).value]).toEqual([
      utf8('one'),
      utf8('two'),
    ]);
  });

  it('aborts connections that name an unknown service, no text, too much, or nothing', async () => {
    const listener = new FakeListener();
    serviceListeners(listener, ['A']);
    const ended = new FakeConnection();
    ended.inbound.end();
    const strangers = [
      ended,
      ...[utf8('C'), Uint8Array.of(0xff), new Uint8Array(0), new Uint8Array(257).fill(65)].map(
        (frame) => new FakeConnection(frame),
      ),
    ];
    for (const connection of strangers) listener.push(connection);
    for (const connection of strangers) {
      expect(await connection.aborted).toMatchObject({ code: 'protocol' });
    }
  });

  it('aborts a connection that names no service in time', async () => {
    const listener = new FakeListener();
    serviceListeners(listener, ['A'], { timeout: 1 });
    const silent = new FakeConnection();
    listener.push(silent);
    expect(await silent.aborted).toMatchObject({ code: 'timeout' });
  });

  it('ends one service when it is closed, and the listener with the last one', async () => {
    const listener = new FakeListener();
    const { A, B } = serviceListeners(listener, ['A', 'B']);
    const waiting = new FakeConnection(utf8('A'));
    const probe = new FakeConnection(utf8('B'));
    listener.push(waiting);
    listener.push(probe);
    expect(await first(B)).toBe(probe); // so `waiting` waits in A by now
    await A.close();
    expect(await waiting.aborted).toMatchObject({ code: 'closed' });
    expect(await first(A)).toBeUndefined();
    const late = new FakeConnection(utf8('A'));
    listener.push(late);
    expect(await late.aborted).toMatchObject({ code: 'protocol' });
    expect(listener.closed).toBe(false);
    await B.close();
    expect(listener.closed).toBe(true);
    await B.close();
  });

  it('ends every service when the listener is closed', async () => {
    const listener = new FakeListener();
    const { A, B } = serviceListeners(listener, ['A', 'B']);
    const waiting = [first(A), first(B)];
    await listener.close();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });

  it('refuses bad names and timeouts', () => {
    for (const [names, timeout] of [
      [[''], 1],
      [['A'], 0],
      [['A'], Number.NaN],
      [['A'], 2 ** 31],
    ] as const) {
      expect(() => serviceListeners(new FakeListener(), names, { timeout })).toThrow(
        TransportError,
      );
    }
  });
});
