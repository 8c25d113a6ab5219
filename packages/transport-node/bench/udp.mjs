import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createUdpTransport } from '../dist/index.js';

/** Datagrams in flight: loopback drops what overflows the receive buffer. */
const WINDOW = 64;

/** Sends `count` datagrams in windows. `send` sends one; `receive` sets the handler. */
async function run(count, send, receive) {
  let received = 0;
  let sent = 0;
  let goal = 0;
  let done = () => {};
  receive(() => {
    if (++received === goal) done();
  });
  while (sent < count) {
    goal = sent + WINDOW;
    await new Promise((resolve) => {
      done = resolve;
      for (; sent < goal; sent++) send();
    });
  }
  return sent;
}

/** Prepares a run over the UDP transport, or over the transport that `wrap` makes of it. */
export async function ourUdp(size, count, wrap = (transport) => transport) {
  const options = { bind: '127.0.0.1:0', maxDatagramSize: 1500 };
  const from = wrap(await createUdpTransport(options));
  const to = wrap(await createUdpTransport(options));
  const bytes = new Uint8Array(size).fill(1);
  return {
    run: () =>
      run(
        count,
        () => from.send(to.localAddress, bytes),
        (tell) =>
          to.receive((source, data) => (source && data.length === size ? tell() : undefined)),
      ),
    close: () => Promise.all([from.close(), to.close()]),
  };
}

/** Prepares the same run over bare node:dgram. */
export async function bareUdp(size, count) {
  const from = createSocket('udp4');
  const to = createSocket('udp4');
  from.bind(0, '127.0.0.1');
  to.bind(0, '127.0.0.1');
  await Promise.all([once(from, 'listening'), once(to, 'listening')]);
  const { port } = to.address();
  const bytes = Buffer.alloc(size, 1);
  return {
    run: () =>
      run(
        count,
        () => from.send(bytes, port, '127.0.0.1'),
        (tell) => {
          to.removeAllListeners('message');
          to.on('message', (data) => (data.length === size ? tell() : undefined));
        },
      ),
    close: () => Promise.all([from, to].map((socket) => new Promise((done) => socket.close(done)))),
  };
}

/** The baseline for encrypted datagrams: bare `node:dgram` and `node:crypto`. */
export async function bareEncryptedUdp(size, count) {
  const { run, close } = await bareUdp(size + 16, count);
  const key = createSecretKey(randomBytes(32));
  const [nonce, header, plain] = [Buffer.alloc(12), Buffer.alloc(32), Buffer.alloc(size, 1)];
  const options = { authTagLength: 16 };
  return {
    async run() {
      for (let i = 0; i < count; i++) {
        const cipher = createCipheriv('aes-256-gcm', key, nonce, options);
        cipher.setAAD(header);
        const sealed = cipher.update(plain);
        cipher.final();
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, options);
        decipher.setAAD(header);
        decipher.setAuthTag(cipher.getAuthTag());
        decipher.update(sealed);
        decipher.final();
      }
      return run();
    },
    close,
  };
}
