import { parseAddress } from './address.ts';
import type { Connection } from './contracts.ts';
import { TransportError } from './errors.ts';

/** How many connections a listener has at most, and what happens to one more. */
export interface OpenConnectionsLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerHost: number;
  /** `replace`: it takes the place of the oldest one that nobody has vouched for. */
  readonly whenFull: 'refuse' | 'replace';
}

/** A connection that knows whether somebody has vouched for its peer, and when it is over. */
export interface OpenConnection extends Pick<Connection, 'remoteAddress' | 'abort'> {
  readonly isVouchedFor: boolean;
  /** Resolves once the connection is over, however it ended. */
  readonly over: Promise<void>;
}

/**
 * The open connections of a listener. A peer that nobody has vouched for makes room for new ones, so
 * that strangers who hold connections open cannot keep others out.
 */
export class OpenConnections<One extends OpenConnection> {
  readonly #limits: OpenConnectionsLimits;
  readonly #all = new Set<One>();
  readonly #byHost = new Map<string, Set<One>>();

  constructor(limits: OpenConnectionsLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Whether there is room for a connection from this address, if need be in place of another one. */
  makeRoom(remoteAddress: string): boolean {
    const { maxConnections, maxConnectionsPerHost, whenFull } = this.#limits;
    const replace = whenFull === 'replace';
    const ofHost = this.#byHost.get(parseAddress(remoteAddress).host) ?? new Set();
    return (
      (ofHost.size < maxConnectionsPerHost || (replace && dropStranger(ofHost))) &&
      (this.#all.size < maxConnections || (replace && dropStranger(this.#all)))
    );
  }

  /** Adds a connection, for which there must be room. */
  add(connection: One): void {
    const { host } = parseAddress(connection.remoteAddress);
    const ofHost = this.#byHost.get(host) ?? new Set();
    this.#byHost.set(host, ofHost.add(connection));
    this.#all.add(connection);
    void connection.over.then(() => {
      this.#all.delete(connection);
      ofHost.delete(connection);
      if (ofHost.size === 0) this.#byHost.delete(host);
    });
  }
}

/** Aborts the oldest connection that nobody has vouched for. Returns false if there is none. */
function dropStranger(connections: Set<OpenConnection>): boolean {
  for (const connection of connections) {
    if (connection.isVouchedFor) continue;
    connections.delete(connection);
    const text = `the listener has ${connections.size} other connections`;
    connection.abort(new TransportError('overflow', text));
    return true;
  }
  return false;
}
