import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  endOf,
  HEADERS,
  handshake,
  keep,
  listen,
  masked,
  next,
  SPEAKS,
} from './websocket.test-helper.ts';

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
    ['1001, as a tab that is left', 1001, 'end'],
    ['1009', 1009, 'size'],
    ['4000, as a page that aborts', 4000, 'reset'],
    ['1000', 1000, 'end'],
  ])('ends with what the close code %s means', async (_, code, end) => {
    const listener = await listen();
    const { socket } = await handshake(listener.address, [...HEADERS, SPEAKS]);
    socket.write(masked(0x88, code >> 8, code & 255));
    expect(await endOf(keep(await next(listener)))).toBe(end);
  });
});
