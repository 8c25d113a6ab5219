import { parseAddress, TransportError } from '@shoal/transport';
import type { SocketConnection } from './socket-connection.ts';
import type { StreamLimits } from './stream-options.ts';

type ListenerLimits = Pick<StreamLimits, 'maxConnections' | 'maxConnectionsPerHost' | 'whenFull'>;

/**
 * The open connections of a listener. A peer that nobody has vouched for makes room for new ones, so
 * that strangers who hold connections open cannot keep others out.
 */
export class OpenConnections {
  readonly #limits: ListenerLimits;
  readonly #all = new Set<SocketConnection>();
  readonly #byHost = new Map<string, Set<SocketConnection>>();

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  /** Adds a connection, or closes it and returns false if there is no room for it. */
  add(connection: SocketConnection): boolean {
    const { maxConnections, maxConnectionsPerHost, whenFull } = this.#limits;
    const replace = whenFull === 'replace';
    const { host } = parseAddress(connection.remoteAddress);
    const ofHost = this.#byHost.get(host) ?? new Set();
    const hasRoom =
      (ofHost.size < maxConnectionsPerHost || (replace && dropStranger(ofHost))) &&
      (this.#all.size < maxConnections || (replace && dropStranger(this.#all)));
    if (!hasRoom) {
      // A reset could reach the peer while it still dials.
      void connection.close();
      return false;
    }
    this.#byHost.set(host, ofHost.add(connection));
    this.#all.add(connection);
    void connection.over.then(() => {
      this.#all.delete(connection);
      ofHost.delete(connection);
      if (ofHost.size === 0) this.#byHost.delete(host);
    });
    return true;
  }
}

/** Aborts the oldest connection that nobody has vouched for. Returns false if there is none. */
function dropStranger(connections: Set<SocketConnection>): boolean {
  for (const connection of connections) {
    if (connection.isVouchedFor) continue;
    connections.delete(connection);
    connection.abort(fullError(connections.size));
    return true;
  }
  return false;
}

function fullError(count: number): TransportError {
  return new TransportError('overflow', `the listener has ${count} other connections`);
}
