import type { DatagramTransport, StreamTransport } from '@shoal/transport';
import { type MonotonicClock, systemClock } from '../clock/monotonic-clock.ts';
import { seededRandom } from '../random.ts';
import type { LinkFaults, LinkSelector } from './link-faults.ts';
import type { MemoryConnection } from './memory-connection.ts';
import { type MemoryDatagramOptions, MemoryDatagrams } from './memory-datagrams.ts';
import { MemoryStreams } from './memory-streams.ts';
import { type MemoryNetworkStats, NetworkCore } from './network-core.ts';
import type { MemoryStreamOptions } from './stream-limits.ts';

export type { MemoryNetworkStats } from './network-core.ts';

/** Options of a {@link MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /** The seed of all random choices. Default 0. */
  readonly seed?: number | string | undefined;
  /** Time and timers. Default: {@link systemClock}. */
  readonly clock?: MonotonicClock | undefined;
  /** The faults of links that no `setFaults` selects. Default: none. */
  readonly faults?: LinkFaults | undefined;
}

/**
 * A network in memory. Its datagrams and connections have the semantics, bounds and errors of the
 * real transports, with faults on request. With a `VirtualClock`, runs with the same seed are
 * equal.
 *
 * Loss, duplication and reordering apply to datagrams. Connections are delayed, and stall while
 * their link is cut: what was sent arrives once the cut has healed.
 */
export class MemoryNetwork {
  readonly clock: MonotonicClock;
  readonly #core: NetworkCore<MemoryConnection>;

  /** Throws `argument` for faults out of range. */
  constructor(options: MemoryNetworkOptions = {}) {
    const { seed = 0, clock = systemClock, faults = {} } = options;
    this.clock = clock;
    this.#core = new NetworkCore(clock, seededRandom(seed), faults);
  }

  /**
   * Binds a datagram transport; port 0 picks a free port. There are no wildcards: `0.0.0.0` is a
   * host like any other. Throws `address`, `argument` or `in-use`.
   */
  createDatagramTransport(address: string, options: MemoryDatagramOptions = {}): DatagramTransport {
    return new MemoryDatagrams(this.#core, address, options);
  }

  /** Creates a stream transport, which dials from `options.host`. Throws `argument`. */
  createStreamTransport(options: MemoryStreamOptions = {}): StreamTransport {
    return new MemoryStreams(this.#core, options);
  }

  /**
   * Sets the faults of the selected links, by default of all links, from now on. The latest setting
   * that selects a link applies, as a whole. Throws `argument` or `address`.
   */
  setFaults(faults: LinkFaults, link: LinkSelector = {}): void {
    this.#core.setFaults(faults, link);
  }

  /**
   * Splits the network: hosts or addresses in different groups cannot reach each other. Those in
   * no group can reach everyone. Replaces an earlier partition. Throws `address`.
   */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#core.partition(groups);
  }

  /** Cuts links in one direction: nothing gets from `from` to `to`. */
  cut(link: LinkSelector): void {
    this.#core.cut(link);
  }

  /** Ends all partitions and cuts. Stalled connections continue. Faults stay. */
  heal(): void {
    this.#core.heal();
  }

  /** Breaks the connections over the selected links; both ends get `reset`. */
  breakConnections(link: LinkSelector = {}): void {
    this.#core.breakConnections(link);
  }

  /** A copy of the counters. */
  stats(): MemoryNetworkStats {
    return { ...this.#core.counters };
  }
}
