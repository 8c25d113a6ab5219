import type { Server, Socket, TcpNetConnectOpts } from 'node:net';
import {
  type Address,
  type AsyncQueue,
  abortError,
  type Connection,
  formatAddress,
  type Listener,
  onAbort,
  parseAddress,
  TransportError,
} from '@shoal/transport';
import { SocketListener } from './socket-listener.ts';
import type { StreamLimits } from './stream-options.ts';
import { transportError } from './system-error.ts';

/** What every socket is made with. */
export function socketOptions(
  limits: StreamLimits,
): Pick<TcpNetConnectOpts, 'allowHalfOpen' | 'noDelay' | 'keepAlive' | 'keepAliveInitialDelay'> {
  return {
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: limits.keepAlive > 0,
    keepAliveInitialDelay: limits.keepAlive,
  };
}

/** Where to dial, or throws `address`. */
export function placeToDial(text: string): Address {
  const address = parseAddress(text);
  if (address.client === undefined && address.port > 0) return address;
  const why = address.port > 0 ? 'a client behind a gateway takes no connections' : 'port 0';
  throw new TransportError('address', `${text} cannot be dialled: ${why}`);
}

/** The canonical address of the peer, `undefined` when it has gone already. */
export function remoteAddress(socket: Socket): string | undefined {
  const { remoteAddress: host, remotePort: port } = socket;
  return host === undefined || port === undefined ? undefined : formatAddress({ host, port });
}

/**
 * Waits until a new socket is ready for use, which `event` tells, and then makes what uses it,
 * at once: a socket must not be without a listener for its errors. Destroys it on any failure.
 */
export function connected<T>(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  doing: string,
  timeout: number,
  signal: AbortSignal | undefined,
  make: () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      forget();
      socket.off(event, succeed);
      socket.off('error', failed);
      socket.off('close', closed);
    };
    const fail = (error: TransportError): void => {
      settle();
      // A destroyed socket may still report what it was doing.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const succeed = (): void => {
      settle();
      try {
        resolve(make());
      } catch (cause) {
        fail(transportError(doing, cause));
      }
    };
    const failed = (cause: Error): void => fail(transportError(doing, cause));
    const closed = (): void => fail(new TransportError('reset', `${doing}: broken off`));
    const timer = setTimeout(() => {
      fail(new TransportError('timeout', `${doing}: no answer within ${timeout} ms`));
    }, timeout);
    const forget = onAbort(signal, () => fail(abortError(doing, signal!)));
    socket.once(event, succeed);
    socket.once('error', failed);
    socket.once('close', closed);
    if (signal?.aborted) fail(abortError(doing, signal));
  });
}

/** Offers a new connection to whoever loops over the listener. */
export function enqueue(queue: AsyncQueue<Connection>, connection: Connection): void {
  if (queue.push(connection)) return;
  connection.abort(new TransportError('closed', 'the listener is closed'));
}

/** Binds a server whose connections go into `queue`. */
export async function listening(
  server: Server,
  queue: AsyncQueue<Connection>,
  address: string,
  limits: StreamLimits,
  signal: AbortSignal | undefined,
): Promise<Listener> {
  const { host, port } = parseAddress(address);
  const doing = `listen at ${address}`;
  if (signal?.aborted) throw abortError(doing, signal);
  server.maxConnections = limits.maxConnections;
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error): void => reject(transportError(doing, cause));
    server.once('error', failed);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', failed);
      // A connection that could not be accepted (too many open files) is no reason to stop.
      server.on('error', () => {});
      resolve();
    });
  });
  const listener = new SocketListener(server, queue);
  server.once(
    'close',
    onAbort(signal, () => void listener.close()),
  );
  if (signal?.aborted) {
    await listener.close();
    throw abortError(doing, signal);
  }
  return listener;
}
