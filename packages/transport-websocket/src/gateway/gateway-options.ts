import type { Connection, DatagramTransport, Listener } from '@shoal/transport';

/** Options of `createGateway`. Times are in ms. */
export interface GatewayOptions {
  /** The member's own transport, which the gateway takes over. */
  readonly udp: DatagramTransport;
  /** Accepts the connections of clients. The gateway takes it over. */
  readonly listener: Listener;
  /**
   * The address at which members reach `udp`. The address of a client is this one, `!`, and the
   * client's name. Default: `udp.localAddress`, which must not be a wildcard such as `0.0.0.0`.
   */
  readonly address?: string | undefined;
  /**
   * Returns the name of a client that asks for `wanted`, or for any name if that is ''; undefined
   * refuses the client. A name is 1..22 letters, digits, `.`, `_`, `~` or `-`. Default: the wanted
   * name, or 12 random characters if none is wanted.
   */
  readonly nameOf?: ((wanted: string, connection: Connection) => string | undefined) | undefined;
  /**
   * Whether a client, given by name, may send to an address. Default: to the gateway itself, its
   * clients, and the members that the gateway's own member knows of. See
   * `DatagramTransport.useMembers`, which `startMembership` and `createNode` call.
   */
  readonly mayReach?: ((client: string, destination: string) => boolean) | undefined;
  /** The most clients, including lost ones whose name is kept. Default 1024. */
  readonly maxClients?: number | undefined;
  /**
   * The most datagrams per second from a client, on average; more are dropped. A burst may have as
   * many as one second allows. Default 1000.
   */
  readonly maxRate?: number | undefined;
  /** The most datagrams per second from all clients together, on average. Default 20000. */
  readonly maxTotalRate?: number | undefined;
  /** How long a new connection may take to say hello. Default 5000. */
  readonly helloTimeout?: number | undefined;
  /**
   * A client that sends nothing is lost after between half of this time and all of it, so clients
   * must ping at intervals of less than half. At least 2. Default 15000.
   */
  readonly idleTimeout?: number | undefined;
  /** How long the name of a lost client is kept for it. 0: not at all. Default 10000. */
  readonly resumeTimeout?: number | undefined;
  /** Random bytes for names and keys. Default: `crypto.getRandomValues`. */
  readonly randomBytes?: ((length: number) => Uint8Array) | undefined;
}

/** Counts since the gateway was created. */
export interface GatewayStats {
  /** Datagrams passed on to clients. */
  readonly toClients: number;
  /** Datagrams passed on from clients. */
  readonly fromClients: number;
  /** Dropped: the client does not read fast enough, or is disconnected. */
  readonly dropped: number;
  /** Dropped: the client exceeds `maxRate`, or all clients together `maxTotalRate`. */
  readonly limited: number;
  /** Dropped: there is no such client. */
  readonly unknown: number;
  /** Dropped: malformed envelope, too long, or an invalid destination. */
  readonly invalid: number;
  /** Dropped: the client may not send there, because of `mayReach` or as nobody known is there. */
  readonly unreachable: number;
  /** Dropped: a client's packet that gives another member as its sender. */
  readonly impersonated: number;
  /** Dropped: meant for the member itself, which had no handler. */
  readonly unclaimed: number;
  /** Clients that were refused, or disconnected for breaking the protocol. */
  readonly refused: number;
}

/**
 * The transport of a member that is also a gateway: use it in place of `udp`. Closing it closes
 * `udp`, the listener and the connections of the clients.
 */
export interface Gateway extends DatagramTransport {
  /** The addresses of the connected clients. */
  clients(): string[];
  /** A copy of the counters. */
  stats(): GatewayStats;
}
