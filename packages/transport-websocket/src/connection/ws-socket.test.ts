import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { closers, dialNode, next } from '../../test/websocket.test-helper.ts';
import { WsSocket } from './ws-socket.ts';

/** A constant of the handshake: RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

it('keeps a message that arrives together with the answer to the handshake', async () => {
  const server = createServer((socket) => {
    socket.once('data', (request) => {
      const [, key] = /sec-websocket-key: (.*)\r\n/i.exec(request.toString('latin1'))!;
      const answer = [
        'HTTP/1.1 101 Switching Protocols',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Protocol: shoal.1',
        `Sec-WebSocket-Accept: ${createHash('sha1')
          .update(key! + GUID)
          .digest('base64')}`,
      ];
      const message = Uint8Array.of(0x82, 1, 7);
      socket.write(Buffer.concat([Buffer.from(`${answer.join('\r\n')}\r\n\r\n`), message]));
    });
    closers.push(() => socket.destroy());
  });
  closers.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = await dialNode(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await next(connection)).toEqual(Uint8Array.of(7));
});

it('counts what unsent frames cost, until the system has taken them', async () => {
  const writes: (() => void)[] = [];
  const ws = Object.assign(new EventEmitter(), {
    readyState: 1,
    bufferedAmount: 0,
    send(frame: Uint8Array, _: unknown, done?: () => void) {
      ws.bufferedAmount += 2 + frame.length;
      if (done) writes.push(done);
    },
  });
  const socket = { cork: () => {}, uncork: () => {} };
  const raw = new WsSocket(ws as unknown as WebSocket, socket as unknown as Socket);
  const turn = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) raw.send(Uint8Array.of(1), raw.buffered + 1, 1 << 20);
    await new Promise((resolve) => setImmediate(resolve));
  };
  await turn(1000);
  expect(raw.buffered).toBe(3000 + 1000 * 64);
  await turn(10);
  // The first frame of the second turn has left, and so has the first turn.
  ws.bufferedAmount = 27;
  for (const done of writes) done();
  expect(raw.buffered).toBe(27 + 10 * 64);
  ws.bufferedAmount = 0;
  expect(raw.buffered).toBe(0);
});
