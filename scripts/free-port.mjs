import { createServer } from 'node:net';

/**
 * A port of the loopback that is free. It lies below the ports that systems hand out for port 0, so
 * that no other socket gets it by chance before a program binds it.
 */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
