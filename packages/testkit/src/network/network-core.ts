import { formatAddress, parseAddress, TransportError } from '@shoal/transport';
import type { MonotonicClock } from '../clock/monotonic-clock.ts';
import type { Random } from '../random.ts';
import {
  type CheckedFaults,
  canonicalLink,
  canonicalPlace,
  checkFaults,
  covers,
  type LinkFaults,
  type LinkSelector,
  type Place,
} from './link-faults.ts';

/** Counts of datagrams, frames and faults since the network was created. */
export interface MemoryNetworkStats {
  /** Datagrams accepted by a transport. */
  sent: number;
  /** Datagrams passed to a handler. */
  delivered: number;
  /** Datagrams that `loss` dropped. */
  lost: number;
  /** Datagrams that `duplication` sent twice. */
  duplicated: number;
  /** Datagrams held back so that later ones may overtake them. */
  reordered: number;
  /** Datagrams stopped by a partition or a cut. */
  blocked: number;
  /** Datagrams to an address where no transport is bound, or whose transport has no handler. */
  unclaimed: number;
  /** Datagrams dropped because the destination's buffer was full. */
  overflowed: number;
  /** Frames that arrived over a connection. */
  frames: number;
}

/** Where datagrams arrive. */
export interface DatagramEnd {
  /** Accepts a datagram that arrives after `delay` ms, or drops it. */
  take(from: string, bytes: Uint8Array, delay: number): void;
}

/** One end of a connection. */
export interface StreamEnd {
  readonly place: Place;
  readonly otherEnd: StreamEnd;
  /** Sends what can be sent now. */
  pump(): void;
  /** Breaks this end. */
  lose(why: string): void;
}

/** Where connections arrive. */
export interface Acceptor<End> {
  /** The accepting end for a dialing end; undefined if the listener is full. */
  accept(near: End): End | undefined;
}

/** The state that the transports of one network share: time, faults and bound addresses. */
export class NetworkCore<End extends StreamEnd> {
  readonly clock: MonotonicClock;
  readonly random: Random;
  readonly counters: MemoryNetworkStats = {
    sent: 0,
    delivered: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    blocked: 0,
    unclaimed: 0,
    overflowed: 0,
    frames: 0,
  };
  readonly datagrams: Map<string, DatagramEnd> = new Map();
  readonly listeners: Map<string, Acceptor<End>> = new Map();
  readonly connections: Set<StreamEnd> = new Set();
  #preset: CheckedFaults;
  /** The latest first, which wins. */
  #rules: { link: LinkSelector; faults: CheckedFaults }[] = [];
  #cuts: LinkSelector[] = [];
  /** Which side of the partition a place is on. */
  #sides = new Map<string, number>();
  #nextPort = 49_152;

  constructor(clock: MonotonicClock, random: Random, preset: LinkFaults) {
    this.clock = clock;
    this.random = random;
    this.#preset = checkFaults(preset);
  }

  setFaults(faults: LinkFaults, link: LinkSelector): void {
    const checked = checkFaults(faults);
    const canonical = canonicalLink(link);
    const { from, to } = canonical;
    if (from === undefined && to === undefined) {
      this.#preset = checked;
      this.#rules = [];
      return;
    }
    this.#rules = this.#rules.filter((rule) => rule.link.from !== from || rule.link.to !== to);
    this.#rules.unshift({ link: canonical, faults: checked });
  }

  partition(groups: readonly (readonly string[])[]): void {
    this.#sides = new Map(
      groups.flatMap((group, side) => group.map((place) => [canonicalPlace(place), side])),
    );
    this.#pump();
  }

  cut(link: LinkSelector): void {
    this.#cuts.push(canonicalLink(link));
  }

  heal(): void {
    this.#sides.clear();
    this.#cuts = [];
    this.#pump();
  }

  breakConnections(link: LinkSelector): void {
    const wanted = canonicalLink(link);
    for (const end of [...this.connections]) {
      if (!covers(wanted, end.place, end.otherEnd.place)) continue;
      end.lose('broken by the network');
      end.otherEnd.lose('broken by the network');
    }
  }

  faultsOf(from: Place, to: Place): CheckedFaults {
    for (const { link, faults } of this.#rules) if (covers(link, from, to)) return faults;
    return this.#preset;
  }

  isBlocked(from: Place, to: Place): boolean {
    if (this.#sides.size > 0) {
      const [a, b] = [this.#sideOf(from), this.#sideOf(to)];
      if (a !== undefined && b !== undefined && a !== b) return true;
    }
    return this.#cuts.some((link) => covers(link, from, to));
  }

  /** The place to bind to. Throws `address`, or `in-use` if it is in `taken`. */
  bind(text: string, taken: ReadonlyMap<string, unknown>): Place {
    const { host, port, client } = parseAddress(text);
    if (client !== undefined)
      throw new TransportError('address', `cannot bind to the client address ${text}`);
    if (port === 0) return this.freePlace(host);
    const address = formatAddress({ host, port });
    if (taken.has(address))
      throw new TransportError('in-use', `bind to ${text}: the address is in use`);
    return { address, host };
  }

  /** A free place on `host`. */
  freePlace(host: string): Place {
    for (let tried = 0; tried < 65_535; tried++) {
      const port = this.#nextPort;
      this.#nextPort = port === 65_535 ? 1024 : port + 1;
      const address = formatAddress({ host, port });
      if (!this.datagrams.has(address) && !this.listeners.has(address)) return { address, host };
    }
    throw new TransportError('in-use', `no free port on ${host}`);
  }

  #sideOf(place: Place): number | undefined {
    return this.#sides.get(place.address) ?? this.#sides.get(place.host);
  }

  #pump(): void {
    for (const end of [...this.connections]) end.pump();
  }
}
