import { TransportError } from '@shoal/transport';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createWebSocketTransport, type WebSocketConstructor } from '../index.ts';
import { createWebSocketServerTransport } from '../server.ts';

afterEach(() => vi.unstubAllGlobals());

/** The URL that is dialed, by a platform that throws an error of its own. */
async function dialed(secure?: boolean): Promise<string> {
  let url = '';
  class Unwilling {
    constructor(to: string) {
      url = to;
      throw new DOMException('insecure', 'SecurityError');
    }
  }
  const WebSocket = Unwilling as unknown as WebSocketConstructor;
  const attempt = createWebSocketTransport({ WebSocket, secure }).dial('app.example:9');
  await expect(attempt).rejects.toBeInstanceOf(TransportError);
  return url;
}

describe('the scheme of a dial', () => {
  it.each([
    ['no page', undefined, undefined, 'ws:'],
    ['a page', 'http://app.example', undefined, 'ws:'],
    ['a secure page', 'https://app.example', 'https://app.example', 'wss:'],
    ['a blob worker of a secure page', 'https://app.example', undefined, 'wss:'],
    ['a sandboxed frame of a secure page', 'https://app.example', 'null', 'wss:'],
    ['an inline frame of a secure page', 'null', 'https://app.example', 'wss:'],
    ['a sandboxed worker', 'null', 'null', 'ws:'],
  ])('in %s comes from its origin', async (_, pageOrigin, origin, scheme) => {
    // The protocol of a worker that was loaded from a blob says nothing about its page.
    const location = pageOrigin && { protocol: 'blob:', origin: pageOrigin };
    vi.stubGlobal('location', location);
    vi.stubGlobal('origin', origin);
    expect(await dialed()).toBe(`${scheme}//app.example:9/`);
    expect(await dialed(true)).toMatch(/^wss:/);
    expect(await dialed(false)).toMatch(/^ws:/);
  });
});

describe('an error of dial', () => {
  it.each([
    ['SecurityError', 'refused'],
    ['SyntaxError', 'argument'],
  ])('is a TransportError where the platform throws a %s', async (name, code) => {
    const cause = new DOMException('no', name);
    class Throwing {
      constructor() {
        throw cause;
      }
    }
    const WebSocket = Throwing as unknown as WebSocketConstructor;
    const attempt = createWebSocketTransport({ WebSocket }).dial('app.example:9');
    const error = await attempt.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ code, cause });
  });

  it('is a TransportError for a token, a header or a certificate that cannot be used', async () => {
    const bad = [
      { token: () => 7 as unknown as string },
      { token: () => null as unknown as string },
      { headers: { 'bad name': 'x' } },
      { headers: { good: 'bad\nvalue' } },
    ];
    for (const options of bad) {
      const error = await createWebSocketServerTransport(options)
        .dial('127.0.0.1:9')
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TransportError);
      expect(error).toMatchObject({ code: 'argument' });
    }
    const attempt = createWebSocketServerTransport({ secure: true, ca: '--' }).dial('127.0.0.1:9');
    await expect(attempt).rejects.toBeInstanceOf(TransportError);
  });
});
