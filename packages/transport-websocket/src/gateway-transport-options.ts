import type { DatagramTransport, StreamTransport } from '@shoal/transport';

/** Options of `createGatewayTransport`. Times are in ms. */
export interface GatewayTransportOptions {
  /** Dials the gateways, like `createWebSocketTransport()`. */
  readonly transport: StreamTransport;
  /** Where gateways listen, the preferred ones first. At least one. */
  readonly gateways: readonly string[];
  /** The name to ask for, 1..22 letters, digits, `.`, `_`, `~` or `-`. Default: the gateway's choice. */
  readonly name?: string | undefined;
  /** How often the gateway is asked whether it is alive; lost after twice that. Default 5000. */
  readonly pingInterval?: number | undefined;
  /** How long a gateway may take to answer the hello. Default 5000. */
  readonly welcomeTimeout?: number | undefined;
  /** The wait after all gateways have failed, doubled from time to time. Default 100. */
  readonly retryDelay?: number | undefined;
  /** Its greatest value. Default 5000. */
  readonly maxRetryDelay?: number | undefined;
  /** Spreads the waits of many clients. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Closes the transport when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** The transport of a member behind a gateway. */
export interface GatewayTransport extends DatagramTransport {
  /**
   * Where members reach this one: the gateway's address, `!`, and a name. It changes when the
   * gateway does; the last one is kept while there is none.
   */
  readonly localAddress: string;
  /** Whether there is a gateway at the moment; without one `send` says false. */
  readonly isConnected: boolean;
  /**
   * Calls `listener` after each change of `localAddress`: the member has to take a new identity.
   * The returned function ends that.
   */
  onAddressChange(listener: (address: string, previous: string) => void): () => void;
}
