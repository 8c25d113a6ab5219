import type { AddressInfo, Server } from 'node:net';
import { AsyncQueue, onAbort } from '@shoal/async';
import {
  type Connection,
  formatAddress,
  type Listener,
  parseAddress,
  TransportError,
} from '@shoal/transport';
import { OpenConnections, systemError, throwIfAborted } from '@shoal/transport/internal';
import type { SocketConnection } from './socket-connection.ts';
import type { StreamLimits } from './stream-options.ts';

/** Options of {@link SocketListener.listen}. */
interface ListenOptions {
  readonly signal: AbortSignal | undefined;
}

/** A {@link Listener} over a server. The server's events push the connections. */
export class SocketListener implements Listener {
  readonly #server: Server;
  readonly #open: OpenConnections<SocketConnection>;
  readonly #queue = new AsyncQueue<Connection>();
  #address = '';

  constructor(server: Server, limits: StreamLimits) {
    this.#server = server;
    this.#open = new OpenConnections(limits);
    const { maxConnections, whenFull } = limits;
    // To replace some, one must accept others first; as many may be in handshake.
    server.maxConnections = whenFull === 'replace' ? 2 * maxConnections : maxConnections;
  }

  get address(): string {
    return this.#address;
  }

  /** Binds the server. Rejects with `address`, `resolve`, `in-use`, `io` or `aborted`. */
  async listen(text: string, options: ListenOptions): Promise<Listener> {
    const { host, port } = parseAddress(text);
    const { signal } = options;
    const doing = `listen at ${text}`;
    throwIfAborted(doing, signal);
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: Error): void => reject(systemError(doing, cause));
      server.once('error', onError);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', onError);
        // A connection that could not be accepted (too many open files) must not stop the others.
        server.on('error', () => {});
        resolve();
      });
    });
    const bound = server.address() as AddressInfo;
    this.#address = formatAddress({ host: bound.address, port: bound.port });
    const cancel = onAbort(signal, () => void this.close());
    server.once('close', cancel);
    throwIfAborted(doing, signal);
    return this;
  }

  /** Offers a connection to the loop over the listener. */
  push(connection: SocketConnection): void {
    if (!this.#open.makeRoom(connection.remoteAddress)) {
      // A reset could reach the peer while it still dials.
      void connection.close();
      return;
    }
    this.#open.add(connection);
    if (this.#queue.push(connection)) return;
    connection.abort(new TransportError('closed', 'the listener is closed'));
  }

  async close(): Promise<void> {
    // Not awaited: the port is free at once, but the callback waits for the last connection.
    this.#server.close();
    const reason = new TransportError('closed', `the listener at ${this.address} is closed`);
    for (const connection of this.#queue.end()) connection.abort(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<Connection, undefined> {
    return this.#queue[Symbol.asyncIterator]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
