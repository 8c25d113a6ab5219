import type { DatagramTransport, StreamTransport } from '@shoal/transport';
import { type Clock, systemClock } from './clock.ts';
import type { Link, LinkFaults } from './link-faults.ts';
import type { MemoryConnection } from './memory-connection.ts';
import { MemoryDatagrams, type MemoryDatagramsOptions } from './memory-datagrams.ts';
import { MemoryStreams, type MemoryStreamsOptions } from './memory-streams.ts';
import { type MemoryNetworkStats, NetworkCore } from './network-core.ts';
import { seededRandom } from './random.ts';

/** Options of a {@link MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /** Of every random choice. Default 0. */
  readonly seed?: number | string | undefined;
  /** Default: the system's time. */
  readonly clock?: Clock | undefined;
  /** What befalls whatever no `setFaults` names. Default: nothing. */
  readonly faults?: LinkFaults | undefined;
}

/**
 * A network in memory: datagrams and framed connections with the semantics, the bounds and the
 * errors of the real transports, and faults on request. With a `VirtualClock` a run depends on
 * its seed alone.
 *
 * Loss, duplication and reordering befall datagrams. A connection is delayed, and it stands
 * still while its link is cut: what was sent arrives after the cut has healed.
 */
export class MemoryNetwork {
  readonly clock: Clock;
  readonly #core: NetworkCore<MemoryConnection>;

  /** Throws `argument` for faults out of range. */
  constructor(options: MemoryNetworkOptions = {}) {
    const { seed = 0, clock = systemClock, faults = {} } = options;
    this.clock = clock;
    this.#core = new NetworkCore(clock, seededRandom(seed), faults);
  }

  /**
   * Binds a datagram transport; port 0 takes a free one. Throws `address`, `argument`, or
   * `in-use`. There are no wildcards: `0.0.0.0` is a host like any other.
   */
  createDatagramTransport(
    address: string,
    options: MemoryDatagramsOptions = {},
  ): DatagramTransport {
    return new MemoryDatagrams(this.#core, address, options);
  }

  /** Makes a stream transport, which dials from the host in its options. Throws `argument`. */
  createStreamTransport(options: MemoryStreamsOptions = {}): StreamTransport {
    return new MemoryStreams(this.#core, options);
  }

  /**
   * Sets what befalls the links that `link` covers, all of them by default, from now on. Of two
   * settings for one link the later one counts, whole. Throws `argument` or `address`.
   */
  setFaults(faults: LinkFaults, link: Link = {}): void {
    this.#core.setFaults(faults, link);
  }

  /**
   * Splits the network: places (hosts or addresses) of different groups do not reach each other.
   * Who is in no group reaches everybody. Takes the place of an earlier partition.
   */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#core.partition(groups);
  }

  /** Cuts one direction: nothing gets from `from` to `to` any more. */
  cut(link: Link): void {
    this.#core.cut(link);
  }

  /** Ends every partition and cut. What waited on connections goes on. Faults stay. */
  heal(): void {
    this.#core.heal();
  }

  /** Breaks off the connections from or to the places of `link`; both ends get `reset`. */
  breakConnections(link: Link = {}): void {
    this.#core.breakConnections(link);
  }

  /** A copy of the counters. */
  stats(): MemoryNetworkStats {
    return { ...this.#core.counters };
  }
}
