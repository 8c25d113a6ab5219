import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** How long to wait between two attempts, in milliseconds. */
const RETRY_AFTER = 2;
/** How long to wait for another process that never finishes, in milliseconds. */
const WAIT_AT_MOST = 5000;

/**
 * Opens or closes the environment in a directory while no other process does.
 *
 * The process that closes an LMDB environment last destroys the mutexes in its lock file. One that
 * opens the environment in that moment goes on with the destroyed mutexes, and so does every
 * process after it, until all have closed the environment: each transaction fails with EINVAL.
 *
 * Only LMDB on Linux has these mutexes. An abstract socket serves as the lock, because the system
 * frees it when its process dies. The action runs without the lock if another process holds it for
 * {@link WAIT_AT_MOST}, or if the system has no such sockets.
 */
export async function oneAtATime<T>(directory: string, action: () => T | Promise<T>): Promise<T> {
  const lock = process.platform === 'linux' ? await acquire(directory) : undefined;
  try {
    return await action();
  } finally {
    if (lock !== undefined) await new Promise((resolve) => lock.close(resolve));
  }
}

async function acquire(directory: string): Promise<Server | undefined> {
  const end = performance.now() + WAIT_AT_MOST;
  do {
    try {
      return await listen(nameOf(directory));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
  } while (performance.now() < end);
  return undefined;
}

/** The same for each path that leads to the directory. */
function nameOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `\0shoal-log-lmdb-${dev}-${ino}`;
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    // In a cluster, each worker has a lock of its own.
    server.listen({ path, exclusive: true }, () => resolve(server));
  });
}
