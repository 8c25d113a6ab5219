import { AsyncQueue, onAbort } from '@shoal/async';
import {
  type Connection,
  formatAddress,
  type Listener,
  parseAddress,
  type StreamTransport,
  TransportError,
} from '@shoal/transport';
import { abortError, throwIfAborted, wholeNumber } from '@shoal/transport/internal';
import type { Timer } from './clock.ts';
import { drawDelay, type Place } from './link-faults.ts';
import { MemoryConnection, type MemoryStreamLimits } from './memory-connection.ts';
import type { Acceptor, NetworkCore } from './network-core.ts';

/** Options of a stream transport in memory, as TCP has them. Sizes are in bytes, times in ms. */
export interface MemoryStreamsOptions extends Partial<MemoryStreamLimits> {
  /** The host from which it dials, as links name it. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** How long `dial` waits. Default 10000. */
  readonly dialTimeout?: number | undefined;
  /** How many connections a listener has at most; more are refused. Default 1024. */
  readonly maxConnections?: number | undefined;
}

type Core = NetworkCore<MemoryConnection>;

const MAX_FRAME_LENGTH = 1 << 26;

/** A {@link StreamTransport} of a `MemoryNetwork`. */
export class MemoryStreams implements StreamTransport {
  readonly #network: Core;
  readonly #host: string;
  readonly #limits: MemoryStreamLimits;
  readonly #dialTimeout: number;
  readonly #maxConnections: number;

  constructor(network: Core, options: MemoryStreamsOptions) {
    this.#network = network;
    this.#host = parseAddress(formatAddress({ host: options.host ?? '127.0.0.1', port: 0 })).host;
    this.#dialTimeout = wholeNumber(options, 'dialTimeout', { preset: 10_000, min: 1 });
    this.#maxConnections = wholeNumber(options, 'maxConnections', { preset: 1024, min: 1 });
    const most = MAX_FRAME_LENGTH;
    const maxFrameLength = wholeNumber(options, 'maxFrameLength', {
      preset: most,
      min: 1,
      max: most,
    });
    const twoFrames = Math.max(2 * maxFrameLength, 1 << 24);
    this.#limits = {
      maxFrameLength,
      highWaterMark: wholeNumber(options, 'highWaterMark', { preset: 1 << 20, min: 1 }),
      maxBuffered: wholeNumber(options, 'maxBuffered', { preset: twoFrames, min: maxFrameLength }),
      receiveHighWaterMark: wholeNumber(options, 'receiveHighWaterMark', {
        preset: 1 << 20,
        min: 1,
      }),
      closeTimeout: wholeNumber(options, 'closeTimeout', { preset: 5000, min: 0 }),
    };
    if (this.#limits.highWaterMark > this.#limits.maxBuffered) {
      throw new TransportError('argument', 'highWaterMark must not be over maxBuffered');
    }
  }

  async dial(
    text: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<Connection> {
    const { signal } = options;
    const { host, port, client } = parseAddress(text);
    if (client !== undefined || port === 0) {
      throw new TransportError('address', `${text} cannot be dialled`);
    }
    const network = this.#network;
    const { clock } = network;
    const doing = `dial ${text}`;
    throwIfAborted(doing, signal);
    const to = { address: formatAddress({ host, port }), host };
    const from = network.freePlace(this.#host);
    const blocked = (): boolean => network.isBlocked(from, to) || network.isBlocked(to, from);
    const roundTrip = [network.faultsOf(from, to), network.faultsOf(to, from)]
      .map((faults) => drawDelay(faults, network.random))
      .reduce((sum, delay) => sum + delay, 0);
    const timely = roundTrip < this.#dialTimeout && !blocked();
    return new Promise((resolve, reject) => {
      const answered = (): void => {
        forget();
        if (!timely || blocked()) {
          const text = `${doing}: no answer within ${this.#dialTimeout} ms`;
          return reject(new TransportError('timeout', text));
        }
        const near = new MemoryConnection(network, from, to, this.#limits);
        const far = network.listeners.get(to.address)?.accept(near);
        if (far) resolve(near);
        else reject(new TransportError('refused', `${doing}: nobody takes the connection`));
      };
      const timer: Timer = clock.setTimeout(answered, timely ? roundTrip : this.#dialTimeout);
      const forget = onAbort(signal, () => {
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
    const listener = new MemoryListener(network, place, this.#limits, this.#maxConnections);
    listener.onClose = onAbort(signal, () => void listener.close());
    return listener;
  }
}

class MemoryListener implements Listener, Acceptor<MemoryConnection> {
  readonly address: string;
  onClose: () => void = () => {};
  readonly #network: Core;
  readonly #place: Place;
  readonly #limits: MemoryStreamLimits;
  readonly #maxConnections: number;
  readonly #queue = new AsyncQueue<MemoryConnection>();
  #open = 0;

  constructor(network: Core, place: Place, limits: MemoryStreamLimits, maxConnections: number) {
    this.address = place.address;
    this.#network = network;
    this.#place = place;
    this.#limits = limits;
    this.#maxConnections = maxConnections;
    network.listeners.set(place.address, this);
  }

  accept(near: MemoryConnection): MemoryConnection | undefined {
    if (this.#open >= this.#maxConnections) return undefined;
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
