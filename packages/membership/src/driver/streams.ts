import { onAbort, toError } from '@shoal/async';
import type { Connection, Listener, StreamTransport } from '@shoal/transport';
import type { Member } from '@shoal/wire';
import { encodeStateMessage, GOODBYE } from '@shoal/wire/internal';
import { SwimError } from '../errors.ts';
import { Conversation, type ExchangeOutcome, type StateHolder } from './conversation.ts';
import type { DriverEvent, StreamsOptions } from './options.ts';

/** The defaults of {@link StreamsOptions}. */
export const STREAMS_DEFAULTS = { interval: 30_000, timeout: 10_000, maxServed: 128 } as const;

/** What {@link Streams} need of the membership. */
export interface StreamsHost<Id> extends StateHolder<Id> {
  /** The address that the datagram transport is bound to. */
  readonly localAddress: string;
  /** The datagram address of an identity. */
  addressOf(id: Id): string;
  /** Reports an event. Does nothing once the membership is closed. */
  report(event: DriverEvent<Id>): void;
}

/** One conversation: with whom, how long it may take, and what to do. */
interface Call<Id> {
  readonly address: string;
  /** In ms. */
  readonly timeout: number;
  connect(signal: AbortSignal): Promise<Connection>;
  talk(conversation: Conversation<Id>): Promise<void>;
  failed(error: SwimError): void;
}

/**
 * Exchanges states with members over streams, and serves peers that ask for one. Everything is
 * bounded: the time of each conversation, the number of those served, and the size of messages.
 */
export class Streams<Id> {
  /** How many exchanges have completed. */
  exchanges = 0;
  /** How many pings were sent. */
  pings = 0;
  /** How many streams were refused because too many were served. */
  refused = 0;
  readonly #host: StreamsHost<Id>;
  readonly #transport: StreamTransport;
  readonly #addressOf: (id: Id) => string | undefined;
  readonly #timeout: number;
  readonly #maxServed: number;
  readonly #listener: Promise<Listener | undefined>;
  /** The conversations under way, by what ends them. */
  readonly #calls = new Map<AbortController, Promise<void>>();
  /** The exchanges that this side began, by address. */
  readonly #exchanging = new Map<string, Promise<void>>();
  #serving = 0;
  #closed = false;

  constructor(
    options: StreamsOptions<Id> & { readonly timeout: number; readonly maxServed: number },
    host: StreamsHost<Id>,
  ) {
    this.#host = host;
    this.#transport = options.transport;
    this.#timeout = options.timeout;
    this.#maxServed = options.maxServed;
    this.#addressOf = options.address ?? ((id) => dialable(host.addressOf(id)));
    this.#listener = this.#listen(options.listen ?? host.localAddress);
  }

  /**
   * Exchanges states with the member at the address of `id`, one exchange at a time for each
   * address. Resolves when it is over, however it went.
   */
  async exchange(id: Id): Promise<void> {
    const address = this.#addressOf(id);
    if (address === undefined || this.#closed) return;
    let exchange = this.#exchanging.get(address);
    if (exchange === undefined) {
      exchange = this.#exchangeAt(address);
      this.#exchanging.set(address, exchange);
    }
    await exchange;
  }

  async #exchangeAt(address: string): Promise<void> {
    await this.#call({
      address,
      timeout: this.#timeout,
      connect: (signal) => this.#transport.dial(address, { signal }),
      talk: async (conversation) => this.#exchanged(address, await conversation.exchange()),
      failed: (error) => this.#host.report({ type: 'exchangeFailed', address, error }),
    });
    this.#exchanging.delete(address);
  }

  /** Returns the member that answers at the address of `id` within `timeout` ms, if one does. */
  async ping(id: Id, timeout: number): Promise<Member<Id> | undefined> {
    const address = this.#addressOf(id);
    if (address === undefined) return undefined;
    this.pings++;
    let answer: Member<Id> | undefined;
    await this.#call({
      address,
      timeout,
      connect: (signal) => this.#transport.dial(address, { signal }),
      talk: async (conversation) => {
        answer = await conversation.ping();
      },
      failed: () => {},
    });
    return answer;
  }

  /** Breaks off all conversations and stops listening. Resolves when nothing is left. */
  async close(): Promise<void> {
    this.#closed = true;
    const reason = new SwimError('state', 'the membership is closed');
    for (const controller of this.#calls.keys()) controller.abort(reason);
    await Promise.all([...this.#calls.values(), this.#listener.then((one) => one?.close())]);
  }

  /** Never rejects. */
  async #listen(where: string | Listener | false): Promise<Listener | undefined> {
    if (where === false) return undefined;
    try {
      const listener = typeof where === 'string' ? await this.#transport.listen(where) : where;
      void this.#accept(listener);
      return listener;
    } catch (error) {
      this.#host.report({ type: 'listenFailed', error: streamError(error) });
      return undefined;
    }
  }

  /** Never rejects. */
  async #accept(listener: Listener): Promise<void> {
    try {
      for await (const connection of listener) void this.#serve(connection);
    } catch (error) {
      this.#host.report({ type: 'listenFailed', error: streamError(error) });
    }
  }

  /** Never rejects. */
  async #serve(connection: Connection): Promise<void> {
    if (this.#serving >= this.#maxServed) {
      this.refused++;
      const { codec } = this.#host;
      const overload = { type: 'goodbye', code: GOODBYE.overload, reason: 'overload' } as const;
      connection.send(encodeStateMessage(codec, overload));
      return connection.close();
    }
    const address = connection.remoteAddress;
    this.#serving++;
    await this.#call({
      address,
      timeout: this.#timeout,
      connect: async () => connection,
      talk: async (conversation) => {
        const outcome = await conversation.serve();
        if (outcome !== 'pinged') this.#exchanged(address, outcome);
      },
      failed: (error) => this.#host.report({ type: 'exchangeFailed', address, error }),
    });
    this.#serving--;
  }

  #exchanged(address: string, outcome: ExchangeOutcome): void {
    this.exchanges++;
    this.#host.report({ type: 'exchange', address, outcome });
  }

  /** Holds a conversation and ends its connection in any case. Never rejects. */
  async #call(call: Call<Id>): Promise<void> {
    const controller = new AbortController();
    const ended = this.#converse(call, controller);
    this.#calls.set(controller, ended);
    await ended;
    this.#calls.delete(controller);
  }

  async #converse(call: Call<Id>, controller: AbortController): Promise<void> {
    const { address, timeout } = call;
    const { signal } = controller;
    const timer = setTimeout(() => {
      const message = `the exchange with ${address} took more than ${timeout} ms`;
      controller.abort(new SwimError('stream', message));
    }, timeout);
    let connection: Connection | undefined;
    let conversation: Conversation<Id> | undefined;
    const cancelAbort = onAbort(signal, () => connection?.abort(signal.reason));
    // After the last message, the transport ends the connection, in bounded time.
    const close = (): Promise<void> | undefined => {
      cancelAbort();
      return connection?.close();
    };
    try {
      if (this.#closed) throw new SwimError('state', 'the membership is closed');
      connection = await call.connect(signal);
      signal.throwIfAborted();
      conversation = new Conversation(connection, this.#host);
      await call.talk(conversation);
      await close();
    } catch (thrown) {
      const error = signal.aborted ? signal.reason : thrown;
      this.#reportFailure(call, error, conversation);
      if (conversation && error instanceof SwimError && error.code !== 'stream') {
        conversation.goodbye(error);
        await close();
      } else connection?.abort(toError(error));
    } finally {
      clearTimeout(timer);
    }
  }

  #reportFailure(call: Call<Id>, error: unknown, conversation: Conversation<Id> | undefined): void {
    if (conversation && error instanceof SwimError && error.code === 'malformed') {
      this.#host.report({ type: 'rejected', error, bytes: conversation.frame });
    } else call.failed(streamError(error));
  }
}

/** Returns the address unless it is behind a gateway, where nobody can be dialed. */
function dialable(address: string): string | undefined {
  return address.includes('!') ? undefined : address;
}

/** The error of an exchange: that of the transport becomes the cause of one with code `stream`. */
function streamError(error: unknown): SwimError {
  if (error instanceof SwimError) return error;
  const cause = toError(error);
  return new SwimError('stream', cause.message, { cause });
}
