import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { closers, dialNode, next } from '../../test/websocket.test-helper.ts';

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
