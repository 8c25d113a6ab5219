import { Fifo, Waiters } from '@shoal/async';
import { type Connection, TransportError } from '@shoal/transport';
import { abortError } from '@shoal/transport/internal';
import type { TimerHandle } from '../clock/monotonic-clock.ts';
import { drawDelay, type Place } from './link-faults.ts';
import type { NetworkCore, StreamEnd } from './network-core.ts';
import type { StreamLimits } from './stream-limits.ts';

type Result = IteratorResult<Uint8Array, undefined>;
/** What travels: a frame, or an orderly or abrupt end of the sender's side. */
type Item = Uint8Array | 'end' | 'reset';

const DONE: Result = { done: true, value: undefined };
/** Bytes that a frame counts in addition to its payload, so that empty frames are bounded too. */
const FRAME_COST = 4;

/** One end of a connection in a `MemoryNetwork`. */
export class MemoryConnection implements Connection, StreamEnd {
  readonly remoteAddress: string;
  readonly place: Place;
  /** Resolves when this end is closed. */
  readonly gone: Promise<void>;
  readonly #network: NetworkCore<MemoryConnection>;
  readonly #remote: Place;
  readonly #limits: StreamLimits;
  #peer: MemoryConnection | undefined;
  #setGone!: () => void;
  /** Waits for room at the peer. */
  #outbound: Item[] = [];
  #unsent = 0;
  #pumping = false;
  /** Bytes sent and not yet arrived. */
  #traveling = 0;
  /** When the last batch that was sent arrives, in ms of the clock. */
  #lastArrival = 0;
  readonly #inbound = new Fifo<Uint8Array>();
  #unread = 0;
  readonly #readers = new Waiters<Result>();
  readonly #writers = new Waiters();
  /** Whether the peer has ended its side. */
  #ended = false;
  #isGone = false;
  /** Whether this side's end has arrived at the peer. */
  #endArrived = false;
  #closing: Promise<void> | undefined;
  #closeTimer: TimerHandle | undefined;
  #failure: TransportError | undefined;

  constructor(
    network: NetworkCore<MemoryConnection>,
    place: Place,
    remote: Place,
    limits: StreamLimits,
  ) {
    this.remoteAddress = remote.address;
    this.place = place;
    this.#network = network;
    this.#remote = remote;
    this.#limits = limits;
    this.gone = new Promise((resolve) => {
      this.#setGone = resolve;
    });
  }

  get otherEnd(): MemoryConnection {
    return this.#peer!;
  }

  /** Joins two ends into one connection. */
  join(peer: MemoryConnection): void {
    this.#peer = peer;
    peer.#peer = this;
    this.#network.connections.add(this).add(peer);
  }

  send(frame: Uint8Array): boolean {
    const { maxFrameLength, maxBuffered, highWaterMark } = this.#limits;
    if (frame.length > maxFrameLength) {
      const text = `a frame of ${frame.length} bytes exceeds the limit of ${maxFrameLength}`;
      throw new TransportError('size', text);
    }
    if (this.#failure || this.#closing) return false;
    const unsent = this.#unsent + frame.length;
    if (unsent > maxBuffered) {
      const text = `${this.#name()}: ${unsent} unsent bytes exceed maxBuffered, ${maxBuffered}`;
      this.#break(new TransportError('overflow', text));
      return false;
    }
    this.#outbound.push(new Uint8Array(frame));
    this.#unsent += frame.length + FRAME_COST;
    this.#pumpLater();
    return this.#unsent < highWaterMark;
  }

  ready(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closing) return Promise.reject(this.#closed());
    if (signal?.aborted) return Promise.reject(abortError(`${this.#name()}: ready`, signal.reason));
    if (this.#unsent < this.#limits.highWaterMark) return Promise.resolve();
    return this.#writers.wait({
      signal,
      aborted: (reason) => abortError(`${this.#name()}: ready`, reason),
    });
  }

  close(): Promise<void> {
    if (this.#closing) return this.#closing;
    this.#closing = this.gone;
    if (this.#failure) {
      this.#inbound.clear();
      return this.#closing;
    }
    const closed = this.#closed();
    this.#writers.rejectAll(closed);
    this.#readers.resolveAll(DONE);
    this.#dropUnread();
    this.#outbound.push('end');
    this.#pumpLater();
    this.#closeTimer = this.#network.clock.setTimeout(() => {
      if (!this.#endArrived) this.#sendReset();
      this.#finish();
    }, this.#limits.closeTimeout);
    return this.#closing;
  }

  abort(reason: Error): void {
    const text = `${this.#name()}: aborted: ${reason.message}`;
    this.#break(new TransportError('aborted', text, { cause: reason }));
  }

  lose(why: string): void {
    this.#fail(new TransportError('reset', `${this.#name()}: ${why}`));
  }

  pump(): void {
    const peer = this.otherEnd;
    if (this.#outbound.length === 0 || this.#network.isBlocked(this.place, this.#remote)) return;
    const { clock, random } = this.#network;
    const batch: Item[] = [];
    let bytes = 0;
    for (const item of this.#outbound) {
      if (typeof item !== 'string') {
        // At least one frame, however long, if the peer has nothing to read.
        const room = peer.#limits.receiveHighWaterMark - peer.#unread - this.#traveling - bytes;
        if (room <= 0 && !peer.#closing && !peer.#failure) break;
        bytes += item.length + FRAME_COST;
      }
      batch.push(item);
    }
    if (batch.length === 0) return;
    this.#outbound.splice(0, batch.length);
    if (this.#isGone) this.#network.connections.delete(this);
    this.#unsent -= bytes;
    this.#traveling += bytes;
    const faults = this.#network.faultsOf(this.place, this.#remote);
    this.#lastArrival = Math.max(this.#lastArrival, clock.now() + drawDelay(faults, random));
    const arrive = (): void => {
      this.#traveling -= bytes;
      for (const item of batch) peer.#arrive(item);
      peer.#serve();
    };
    const delay = this.#lastArrival - clock.now();
    if (delay > 0) clock.setTimeout(arrive, delay);
    else arrive();
    if (this.#unsent <= this.#limits.highWaterMark >>> 1) {
      this.#writers.resolveAll();
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.#next() };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #name(): string {
    return `connection with ${this.remoteAddress}`;
  }

  #closed(): TransportError {
    return new TransportError('closed', `${this.#name()}: closed`);
  }

  #pumpLater(): void {
    if (this.#pumping || this.#outbound.length === 0) return;
    this.#pumping = true;
    this.#network.clock.setTimeout(() => {
      this.#pumping = false;
      this.pump();
    }, 0);
  }

  #next(): Promise<Result> {
    if (this.#closing) return Promise.resolve(DONE);
    const next = this.#readers.wait();
    this.#serve();
    return next;
  }

  #canServe(): boolean {
    return this.#inbound.length > 0 || this.#ended || this.#failure !== undefined;
  }

  /** Gives the first reader a frame, the end or the failure. Requires {@link #canServe}. */
  #give(): void {
    const frame = this.#inbound.shift();
    if (frame) {
      this.#unread -= frame.length + FRAME_COST;
      this.#readers.resolveFirst({ done: false, value: frame });
      this.otherEnd.#pumpLater();
    } else if (this.#ended) this.#readers.resolveFirst(DONE);
    else this.#readers.rejectFirst(this.#failure!);
  }

  #serve(): void {
    while (this.#readers.length > 0 && this.#canServe()) this.#give();
  }

  #arrive(item: Item): void {
    if (item === 'reset') return this.lose('reset by the peer');
    if (item === 'end') {
      this.#ended = true;
      this.otherEnd.#endArrived = true;
      this.#settle();
      this.otherEnd.#settle();
      return;
    }
    if (this.#failure || this.#ended) return;
    if (this.#closing) {
      // A closed end answers with a reset; an end that is closing drops the frame.
      if (this.#isGone) this.#sendReset();
      return;
    }
    if (item.length > this.#limits.maxFrameLength) {
      const limit = this.#limits.maxFrameLength;
      const text = `${this.#name()}: a frame of ${item.length} bytes exceeds the limit of ${limit}`;
      this.#sendReset();
      return this.#fail(new TransportError('size', text));
    }
    this.#network.counters.frames++;
    this.#inbound.push(item);
    this.#unread += item.length + FRAME_COST;
  }

  /** Ends the connection once both sides have ended. */
  #settle(): void {
    if (this.#closing && this.#ended && this.#endArrived) this.#finish();
  }

  #finish(): void {
    if (this.#closeTimer !== undefined) this.#network.clock.clearTimeout(this.#closeTimer);
    this.#isGone = true;
    if (this.#outbound.length === 0) this.#network.connections.delete(this);
    this.#setGone();
  }

  /** Records the loss of the connection and rejects waiting calls. Unread frames stay. */
  #fail(failure: TransportError): void {
    if (this.#failure || this.#isGone) return;
    if (!this.#closing) this.#failure = failure;
    if (this.#outbound[0] !== 'reset') this.#outbound = [];
    this.#unsent = 0;
    this.#writers.rejectAll(failure);
    this.#serve();
    this.#finish();
  }

  /** Breaks the connection and notifies the peer. */
  #break(failure: TransportError): void {
    this.#dropUnread();
    this.#ended = false;
    if (this.#failure || this.#isGone) return;
    this.#sendReset();
    this.#fail(failure);
  }

  #sendReset(): void {
    this.#outbound = ['reset'];
    this.#unsent = 0;
    // The reset leaves once a cut has healed, even if this end is closed by then.
    this.#network.connections.add(this);
    this.#pumpLater();
  }

  #dropUnread(): void {
    this.#inbound.clear();
    this.#unread = 0;
    this.otherEnd.#pumpLater();
  }
}
