import type { EventSource } from '@shoal/async';
import type { DatagramTransport, StreamTransport } from '@shoal/transport';

/** Options of `createGatewayTransport`. Times are in ms. */
export interface GatewayTransportOptions {
  /** Dials the gateways; for example `createWebSocketTransport()`. */
  readonly transport: StreamTransport;
  /** The addresses of the gateways, the preferred one first. At least one. */
  readonly gateways: readonly string[];
  /**
   * The name to ask for: 1..22 letters, digits, `.`, `_`, `~` or `-`. Default: the gateway chooses.
   */
  readonly name?: string | undefined;
  /**
   * The time between pings to the gateway, which is lost if it sends nothing between two of them.
   * Less than half of the gateway's `idleTimeout`. Default 5000.
   */
  readonly pingInterval?: number | undefined;
  /** How long a gateway may take to answer the hello. Default 5000. */
  readonly welcomeTimeout?: number | undefined;
  /**
   * The delay before connecting again. It doubles with each attempt, and half of it is random. A
   * connection that has lasted `maxRetryDelay` resets it. Default 100.
   */
  readonly retryDelay?: number | undefined;
  /** The longest delay. Default 5000. */
  readonly maxRetryDelay?: number | undefined;
  /** Spreads the delays of many clients, like `Math.random`, which is the default. */
  readonly random?: (() => number) | undefined;
  /** Closes the transport when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** An event of a {@link GatewayTransport}. */
export interface GatewayTransportEvent {
  /** `localAddress` has changed: the member needs a new identity at `address`. */
  readonly type: 'addressChanged';
  readonly address: string;
  readonly previous: string;
}

/** The transport of a member behind a gateway. */
export interface GatewayTransport extends DatagramTransport, EventSource<GatewayTransportEvent> {
  /**
   * Where members reach this one: the gateway's address, `!`, and a name. It changes with the
   * gateway. While there is no gateway, it is the last one's.
   */
  readonly localAddress: string;
  /** Whether it is connected to a gateway. While it is not, `send` returns false. */
  readonly isConnected: boolean;
}
