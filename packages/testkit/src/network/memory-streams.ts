import { AsyncQueue, onAbort } from '@shoal/async';
import {
  type Connection,
  formatAddress,
  type Listener,
  parseAddress,
  type StreamTransport,
  TransportError,
} from '@shoal/transport';
import { abortError, dialAddress, throwIfAborted } from '@shoal/transport/internal';
import { drawDelay, type Place } from './link-faults.ts';
import { MemoryConnection } from './memory-connection.ts';
import type { Acceptor, NetworkCore } from './network-core.ts';
import { type MemoryStreamOptions, type StreamLimits, streamLimits } from './stream-limits.ts';

type Core = NetworkCore<MemoryConnection>;

/** A {@link StreamTransport} of a `MemoryNetwork`. */
export class MemoryStreams implements StreamTransport {
  readonly #network: Core;
  readonly #host: string;
  readonly #limits: StreamLimits;

  constructor(network: Core, options: MemoryStreamOptions) {
    this.#network = network;
    this.#host = parseAddress(formatAddress({ host: options.host ?? '127.0.0.1', port: 0 })).host;
    this.#limits = streamLimits(options);
  }

  async dial(
    text: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<Connection> {
    const { signal } = options;
    const { host, text: address } = dialAddress(text);
    const network = this.#network;
    const { clock } = network;
    const doing = `dial ${text}`;
    throwIfAborted(doing, signal);
    const to = { address, host };
    const from = network.freePlace(this.#host);
    const blocked = (): boolean => network.isBlocked(from, to) || network.isBlocked(to, from);
    const roundTrip = [network.faultsOf(from, to), network.faultsOf(to, from)]
      .map((faults) => drawDelay(faults, network.random))
      .reduce((sum, delay) => sum + delay, 0);
    const { dialTimeout } = this.#limits;
    const timely = roundTrip < dialTimeout && !blocked();
    return new Promise((resolve, reject) => {
      const answered = (): void => {
        cancel();
        if (!timely || blocked()) {
          return reject(
            new TransportError('timeout', `${doing}: no answer within ${dialTimeout} ms`),
          );
        }
        const near = new MemoryConnection(network, from, to, this.#limits);
        const far = network.listeners.get(to.address)?.accept(near);
        if (far) resolve(near);
        else reject(new TransportError('refused', `${doing}: nobody accepts connections there`));
      };
      const timer = clock.setTimeout(answered, timely ? roundTrip : dialTimeout);
      const cancel = onAbort(signal, () => {
        clock.clearTimeout(timer);
        reject(abortError(doing, signal!.reason));
      });
    });
  }

  async listen(
    text: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<Listener> {
    const { signal } = options;
    const network = this.#network;
    if (signal?.aborted) {
      parseAddress(text);
      throw abortError(`listen at ${text}`, signal.reason);
    }
    const place = network.bind(text, network.listeners);
    const listener = new MemoryListener(network, place, this.#limits);
    listener.onClose = onAbort(signal, () => void listener.close());
    return listener;
  }
}

class MemoryListener implements Listener, Acceptor<MemoryConnection> {
  readonly address: string;
  onClose: () => void = () => {};
  readonly #network: Core;
  readonly #place: Place;
  readonly #limits: StreamLimits;
  readonly #queue = new AsyncQueue<MemoryConnection>();
  #open = 0;

  constructor(network: Core, place: Place, limits: StreamLimits) {
    this.address = place.address;
    this.#network = network;
    this.#place = place;
    this.#limits = limits;
    network.listeners.set(place.address, this);
  }

  accept(near: MemoryConnection): MemoryConnection | undefined {
    if (this.#open >= this.#limits.maxConnections) return undefined;
    this.#open++;
    const far = new MemoryConnection(this.#network, this.#place, near.place, this.#limits);
    far.join(near);
    void far.gone.then(() => this.#open--);
    this.#queue.push(far);
    return far;
  }

  async close(): Promise<void> {
    this.onClose();
    if (this.#network.listeners.get(this.address) === this) {
      this.#network.listeners.delete(this.address);
    }
    const reason = new TransportError('closed', `the listener at ${this.address} is closed`);
    for (const connection of this.#queue.end()) connection.abort(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<Connection, undefined> {
    return this.#queue[Symbol.asyncIterator]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
