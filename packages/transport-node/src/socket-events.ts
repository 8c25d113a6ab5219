import type { Server, Socket, TcpNetConnectOpts } from 'node:net';
import { type AsyncQueue, onAbort } from '@shoal/async';
import {
  type Address,
  type Connection,
  formatAddress,
  type Listener,
  parseAddress,
  TransportError,
} from '@shoal/transport';
import { systemError, throwIfAborted, withDeadline } from '@shoal/transport/internal';
import { SocketListener } from './socket-listener.ts';
import type { StreamLimits } from './stream-options.ts';

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

/** What {@link connected} needs. */
export interface ConnectedOptions<T> {
  readonly socket: Socket;
  /** The event that says that the socket is ready for use. */
  readonly readyEvent: 'connect' | 'secureConnect';
  /** Names the operation in errors. */
  readonly doing: string;
  /** How long it may take, in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  /** Called when the socket is ready: checks it, and makes what uses it. */
  readonly make: () => T;
}

/**
 * Waits until a new socket is ready for use and returns what `make` makes of it. Destroys the
 * socket if anything fails.
 */
export async function connected<T>(options: ConnectedOptions<T>): Promise<T> {
  const { socket } = options;
  try {
    return await withDeadline(opened(options), options);
  } catch (error) {
    // A destroyed socket may still report what it was doing.
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
}

function opened<T>({ socket, readyEvent, doing, make }: ConnectedOptions<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => reject(systemError(doing, cause));
    const closed = (): void => reject(new TransportError('reset', `${doing}: broken off`));
    socket.on('error', failed);
    socket.once('close', closed);
    socket.once(readyEvent, () => {
      try {
        // In this very event: a socket must never be without a listener for its errors.
        resolve(make());
      } catch (cause) {
        return reject(systemError(doing, cause));
      }
      socket.off('error', failed);
      socket.off('close', closed);
    });
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
  throwIfAborted(doing, signal);
  server.maxConnections = limits.maxConnections;
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error): void => reject(systemError(doing, cause));
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
  throwIfAborted(doing, signal);
  return listener;
}
