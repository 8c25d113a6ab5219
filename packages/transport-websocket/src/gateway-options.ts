import type { Connection, DatagramTransport, Listener } from '@shoal/transport';

/** Options of `createGateway`. Times are in ms. */
export interface GatewayOptions {
  /** The member's own transport, which the gateway takes over. */
  readonly udp: DatagramTransport;
  /** Where clients connect, which it takes over as well. */
  readonly listener: Listener;
  /**
   * The address at which members reach `udp`; clients are at this address, `!`, and their name.
   * Default: its `localAddress`, unless that is a wildcard like `0.0.0.0`.
   */
  readonly address?: string | undefined;
  /**
   * The name of a client that asks for `wanted`, or for any if that is ''; `undefined` refuses
   * it. 1..22 letters, digits, `.`, `_`, `~` or `-`. Default: what is wanted, or random letters.
   */
  readonly nameOf?: (wanted: string, connection: Connection) => string | undefined;
  /** Whether a client may send to a member. Default: to everybody. */
  readonly mayReach?: ((client: string, destination: string) => boolean) | undefined;
  /** How many clients there are at most, with those who are expected back. Default 1024. */
  readonly maxClients?: number | undefined;
  /** How many datagrams a client may send per second, on average; more are dropped. Default 1000. */
  readonly maxRate?: number | undefined;
  /** How long a new connection may take to say hello. Default 5000. */
  readonly helloTimeout?: number | undefined;
  /** After how long without anything from a client it counts as lost. Default 15000. */
  readonly idleTimeout?: number | undefined;
  /** How long the name of a client that was lost is kept for it. Default 10000. */
  readonly resumeTimeout?: number | undefined;
  /** Random bytes for names and keys. Default: `crypto.getRandomValues`. */
  readonly randomBytes?: ((length: number) => Uint8Array) | undefined;
}

/** Counters since a gateway was made. */
export interface GatewayStats {
  /** Datagrams that went to clients and came from them. */
  readonly toClients: number;
  readonly fromClients: number;
  /** Dropped: the client does not read fast enough, or has gone for the moment. */
  readonly dropped: number;
  /** Dropped: the client sends too many. */
  readonly limited: number;
  /** Dropped: no such client. */
  readonly unknown: number;
  /** Dropped: a bad envelope, too long, or to where nothing may or can be sent. */
  readonly invalid: number;
  /** Dropped: for the member itself, while it had no handler. */
  readonly unclaimed: number;
  /** Clients that were refused, or broken off for what they sent. */
  readonly refused: number;
}

/**
 * The transport of a member that is also a gateway: use it in the place of `udp`. Closing it
 * closes `udp`, the listener, and the connections of the clients.
 */
export interface Gateway extends DatagramTransport {
  /** The addresses of the clients that are connected. */
  clients(): string[];
  stats(): GatewayStats;
}
