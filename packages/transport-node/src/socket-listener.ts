import type { AddressInfo, Server } from 'node:net';
import type { AsyncQueue } from '@shoal/async';
import { type Connection, formatAddress, type Listener, TransportError } from '@shoal/transport';

/** A {@link Listener} over a listening server; whoever makes it pushes the connections. */
export class SocketListener implements Listener {
  readonly address: string;
  readonly #server: Server;
  readonly #queue: AsyncQueue<Connection>;

  constructor(server: Server, queue: AsyncQueue<Connection>) {
    const { address, port } = server.address() as AddressInfo;
    this.address = formatAddress({ host: address, port });
    this.#server = server;
    this.#queue = queue;
  }

  async close(): Promise<void> {
    // The callback would come when the last connection has ended; the port is free before.
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
