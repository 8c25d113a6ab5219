import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { closers, dial, endOf } from '../../test/websocket.test-helper.ts';
import { createWebSocketTransport } from './websocket-transport.ts';

/** A constant of the handshake: RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Listens for TCP connections. Returns the address. */
async function serve(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    closers.push(() => socket.destroy());
    onConnection(socket);
  });
  closers.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Resolves when every socket that the class below has made is closed. */
let closings: Promise<unknown>[] = [];

/** The class of `ws`, which throws an error that nobody handles. Browsers drop it. */
class Recorded extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    closings.push(new Promise((resolve) => this.once('close', resolve)));
  }
}

const options = { WebSocket: Recorded as unknown as typeof globalThis.WebSocket };

// An unhandled error fails the run of the tests.
describe("ws's class in place of the platform's WebSocket", () => {
  it('survives a dial that is aborted or times out', async () => {
    closings = [];
    const silent = await serve(() => {});
    const controller = new AbortController();
    const transport = createWebSocketTransport(options);
    const aborted = transport.dial(silent, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    const late = dial(silent, { ...options, dialTimeout: 20 });
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    expect(closings.length).toBe(2);
    await Promise.all(closings);
  });

  it('survives a malformed frame, also after an abort', async () => {
    closings = [];
    const sockets: Socket[] = [];
    const address = await serve((socket) => {
      sockets.push(socket);
      socket.once('data', (request) => {
        const [, key] = /sec-websocket-key: (.*)\r\n/i.exec(request.toString('latin1'))!;
        const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
        socket.write(
          [
            'HTTP/1.1 101 Switching Protocols',
            'Connection: Upgrade',
            'Upgrade: websocket',
            'Sec-WebSocket-Protocol: shoal.1',
            `Sec-WebSocket-Accept: ${accept}`,
            '\r\n',
          ].join('\r\n'),
        );
      });
    });
    const malformed = Uint8Array.of(0xf2, 1, 0);
    const read = await dial(address, options);
    const end = endOf(read);
    sockets[0]!.write(malformed);
    expect(await end).toMatch(/^(protocol|reset)$/);
    const aborted = await dial(address, options);
    aborted.abort(new Error('over'));
    sockets[1]!.write(malformed);
    for (const socket of sockets) socket.end();
    await Promise.all(closings);
  });
});
