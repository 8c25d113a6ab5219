import { type DatagramTransport, TransportError } from '@shoal/transport';
import { callApplication, wholeNumber } from '@shoal/transport/internal';
import { drawDelay, type Place, placeOf } from './link-faults.ts';
import type { DatagramEnd, NetworkCore, StreamEnd } from './network-core.ts';

/** Options of a datagram transport in memory. Sizes are in bytes. */
export interface MemoryDatagramOptions {
  /** The longest datagram to send, 1..65507. Default 1452, as with UDP. */
  readonly maxDatagramSize?: number | undefined;
  /** The most bytes that may wait to be sent at the end of the turn. Default 1048576 (1 MiB). */
  readonly sendQueueSize?: number | undefined;
  /**
   * The most bytes that may be on their way to this transport; more are dropped. Default 4194304
   * (4 MiB).
   */
  readonly receiveBufferSize?: number | undefined;
}

/** The most destinations to cache; the oldest is evicted. */
const MAX_PLACES = 16_384;

/** A {@link DatagramTransport} of a {@link MemoryNetwork}. */
export class MemoryDatagrams implements DatagramTransport, DatagramEnd {
  readonly localAddress: string;
  readonly maxDatagramSize: number;
  readonly #network: NetworkCore<StreamEnd>;
  readonly #place: Place;
  readonly #sendQueueSize: number;
  readonly #receiveBufferSize: number;
  readonly #places = new Map<string, Place>();
  #queue: { to: Place; bytes: Uint8Array }[] = [];
  #queued = 0;
  /** Bytes on their way to this transport. */
  #coming = 0;
  #handler: ((from: string, bytes: Uint8Array) => void) | undefined;
  #closing: Promise<void> | undefined;
  #onFlushed: (() => void) | undefined;

  constructor(network: NetworkCore<StreamEnd>, address: string, options: MemoryDatagramOptions) {
    this.maxDatagramSize = wholeNumber(options, 'maxDatagramSize', {
      preset: 1452,
      min: 1,
      max: 65_507,
    });
    this.#sendQueueSize = wholeNumber(options, 'sendQueueSize', { preset: 1 << 20, min: 0 });
    this.#receiveBufferSize = wholeNumber(options, 'receiveBufferSize', {
      preset: 1 << 22,
      min: 0,
    });
    this.#network = network;
    this.#place = network.bind(address, network.datagrams);
    this.localAddress = this.#place.address;
    network.datagrams.set(this.localAddress, this);
  }

  send(to: string, bytes: Uint8Array): boolean {
    if (bytes.length > this.maxDatagramSize) {
      const text = `a datagram of ${bytes.length} bytes exceeds the limit of ${this.maxDatagramSize}`;
      throw new TransportError('size', text);
    }
    if (this.#closing || this.#queued + bytes.length > this.#sendQueueSize) return false;
    const place = this.#places.get(to) ?? this.#remember(to);
    if (!place) return false;
    // A copy: the sender may send the same bytes to many, and each receiver may change its own.
    if (this.#queue.push({ to: place, bytes: new Uint8Array(bytes) }) === 1) {
      this.#network.clock.setTimeout(() => this.#flush(), 0);
    }
    this.#queued += bytes.length;
    this.#network.counters.sent++;
    return true;
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#handler = handler;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      const closed = (): void => {
        this.#network.datagrams.delete(this.localAddress);
        resolve();
      };
      if (this.#queue.length > 0) this.#onFlushed = closed;
      else closed();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #remember(to: string): Place | undefined {
    try {
      const place = placeOf(to);
      if (place.address.endsWith(':0')) return undefined;
      if (this.#places.size >= MAX_PLACES) this.#places.delete(this.#places.keys().next().value!);
      this.#places.set(to, place);
      return place;
    } catch {
      return undefined; // Addresses come from peers too: a bad one must not throw.
    }
  }

  #flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#queued = 0;
    for (const { to, bytes } of queue) this.#transmit(to, bytes);
    this.#onFlushed?.();
  }

  #transmit(to: Place, bytes: Uint8Array): void {
    const { counters, random } = this.#network;
    if (this.#network.isBlocked(this.#place, to)) {
      counters.blocked++;
      return;
    }
    const faults = this.#network.faultsOf(this.#place, to);
    if (faults.loss > 0 && random() < faults.loss) {
      counters.lost++;
      return;
    }
    let copies = 1;
    if (faults.duplication > 0 && random() < faults.duplication) {
      counters.duplicated++;
      copies = 2;
    }
    for (let copy = 0; copy < copies; copy++) {
      let delay = drawDelay(faults, random);
      if (faults.reordering > 0 && random() < faults.reordering) {
        counters.reordered++;
        delay += random() * faults.reorderingDelay;
      }
      const target = this.#network.datagrams.get(to.address);
      if (target) target.take(this.localAddress, copy === 0 ? bytes : new Uint8Array(bytes), delay);
      else counters.unclaimed++;
    }
  }

  take(from: string, bytes: Uint8Array, delay: number): void {
    if (delay === 0) return this.#deliver(from, bytes);
    if (this.#coming + bytes.length > this.#receiveBufferSize) {
      this.#network.counters.overflowed++;
      return;
    }
    this.#coming += bytes.length;
    this.#network.clock.setTimeout(() => {
      this.#coming -= bytes.length;
      this.#deliver(from, bytes);
    }, delay);
  }

  #deliver(from: string, bytes: Uint8Array): void {
    if (!this.#handler || this.#closing) {
      this.#network.counters.unclaimed++;
      return;
    }
    this.#network.counters.delivered++;
    callApplication(this.#handler, from, bytes);
  }
}
