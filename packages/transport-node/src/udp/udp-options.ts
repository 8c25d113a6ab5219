import type { DatagramTransport } from '@shoal/transport';

/** Options of `createUdpTransport`. */
export interface UdpOptions {
  /**
   * The address to bind to: `127.0.0.1:7946`, `[::]:0` (IPv6 and IPv4) or a name. Port 0 picks a
   * free port.
   */
  readonly bind: string;
  /**
   * The longest datagram to send, 1..65507 bytes. Default 1452, which fits into one packet of
   * Ethernet (MTU 1500) over IPv6 and IPv4.
   */
  readonly maxDatagramSize?: number | undefined;
  /**
   * The most bytes that may wait for the kernel or for the resolution of a name; `send` drops
   * datagrams above that. At least `maxDatagramSize`. Default 1048576 (1 MiB).
   */
  readonly sendQueueSize?: number | undefined;
  /**
   * The size of the kernel's receive buffer (SO_RCVBUF), in bytes. Default: the system's default.
   */
  readonly receiveBufferSize?: number | undefined;
  /** How long `close` waits for accepted datagrams to leave, in ms. Default 2000. */
  readonly closeTimeout?: number | undefined;
  /** Resolves a name to an IP address. Default: the system's resolver. */
  readonly lookup?: ((name: string, family: 0 | 4 | 6) => Promise<string>) | undefined;
  /** Closes the transport when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** Counts since the transport was created. */
export interface UdpStats {
  /** Datagrams that the kernel accepted. */
  readonly sent: number;
  readonly sentBytes: number;
  readonly received: number;
  readonly receivedBytes: number;
  /** Not sent: the send queue was full. */
  readonly dropped: number;
  /** Not sent: invalid address, unknown name, or an IP version that the socket does not support. */
  readonly unroutable: number;
  /** Received while there was no handler. */
  readonly unclaimed: number;
  /** Errors of the system by name, such as ECONNREFUSED or EMSGSIZE. */
  readonly errors: Readonly<Record<string, number>>;
}

/** A {@link DatagramTransport} over UDP, with counters. */
export interface UdpTransport extends DatagramTransport {
  /** A copy of the counters. */
  stats(): UdpStats;
}
