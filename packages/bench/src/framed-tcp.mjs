// The baseline of a stream: payloads in length-prefixed frames over a bare socket, corked.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { FrameDecoder } from '@shoal/wire';

/**
 * Measures nanoseconds per payload, for `count` payloads from `payloadAt`. The receiver passes each
 * to `take`, stops reading while a promise that `take` returned is pending, and is done when
 * `settled` resolves.
 */
export async function framedTcp(count, payloadAt, take, settled = () => {}) {
  let received = 0;
  let finished;
  const done = new Promise((resolve) => {
    finished = resolve;
  });
  const server = createServer((socket) => {
    const decoder = new FrameDecoder();
    socket.on('data', (chunk) => {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame; frame = decoder.next()) {
        received++;
        const room = take(frame);
        if (room !== undefined) {
          socket.pause();
          room.then(() => socket.resume());
        }
      }
      if (received === count) finished();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect(server.address().port, '127.0.0.1');
  await once(socket, 'connect');
  const header = Buffer.alloc(4);
  header.writeUInt32LE(payloadAt(0).length);

  const start = process.hrtime.bigint();
  for (let sent = 0; sent < count; ) {
    socket.cork();
    let room = true;
    for (let bytes = 0; sent < count && bytes < 65_536; ) {
      const payload = payloadAt(sent++);
      socket.write(header);
      room = socket.write(payload);
      bytes += payload.length + 4;
    }
    socket.uncork();
    if (!room) await once(socket, 'drain');
  }
  await done;
  await settled();
  const ns = Number(process.hrtime.bigint() - start) / count;
  socket.destroy();
  server.close();
  return ns;
}
