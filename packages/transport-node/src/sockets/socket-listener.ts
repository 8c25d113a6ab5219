import type { AddressInfo, Server } from 'node:net';
import { AsyncQueue, onAbort } from '@shoal/async';
import {
  type Connection,
  formatAddress,
  type Listener,
  parseAddress,
  TransportError,
} from '@shoal/transport';
import { systemError, throwIfAborted } from '@shoal/transport/internal';

/** Options of {@link SocketListener.listen}. */
interface ListenOptions {
  readonly maxConnections: number;
  readonly signal: AbortSignal | undefined;
}

/** A {@link Listener} over a server. The server's events push the connections. */
export class SocketListener implements Listener {
  readonly #server: Server;
  readonly #queue = new AsyncQueue<Connection>();
  #address = '';

  constructor(server: Server) {
    this.#server = server;
  }

  get address(): string {
    return this.#address;
  }

  /** Binds the server. Rejects with `address`, `resolve`, `in-use`, `io` or `aborted`. */
  async listen(text: string, options: ListenOptions): Promise<Listener> {
    const { host, port } = parseAddress(text);
    const { maxConnections, signal } = options;
    const doing = `listen at ${text}`;
    throwIfAborted(doing, signal);
    const server = this.#server;
    server.maxConnections = maxConnections;
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
  push(connection: Connection): void {
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
