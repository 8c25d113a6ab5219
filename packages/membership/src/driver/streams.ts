import type { Connection, Listener, StreamTransport } from '@shoal/transport';
import type { Member } from '@shoal/wire';
import { encodeStateMessage, GOODBYE } from '@shoal/wire/internal';
import { SwimError } from '../errors.ts';
import { Conversation, type ExchangeOutcome, type StateHolder } from './conversation.ts';
import type { DriverEvent, StreamsOptions } from './options.ts';

/** Up to this many members exchanges come at their interval. Source: memberlist. */
const SCALE_FROM = 32;
/** By how much, either way, the interval is varied. */
const JITTER = 0.25;
/** The longest delay that `setTimeout` takes. */
const MAX_DELAY = 2 ** 31 - 1;

/** What {@link Streams} work with, and for. */
export interface StreamsHost<Id> extends StateHolder<Id> {
  /** Where we are bound for datagrams. */
  readonly localAddress: string;
  readonly random: () => number;
  /** The address of an identity for datagrams. */
  addressOf(id: Id): string;
  /** How many other active members there are. */
  readonly size: number;
  /** The other active members. */
  members(): readonly Member<Id>[];
  report(event: DriverEvent<Id>): void;
}

/**
 * By how much an interval is stretched in a cluster of `size`, so that all members together do
 * not overload each. Source: memberlist, `pushPullScale` in util.go.
 */
export function exchangeScale(size: number): number {
  return size <= SCALE_FROM ? 1 : Math.ceil(Math.log2(size) - Math.log2(SCALE_FROM)) + 1;
}

/** One conversation: how it is opened, what is said, and what if that fails. */
interface Speech<Id> {
  open(signal: AbortSignal): Promise<Connection>;
  talk(conversation: Conversation<Id>): Promise<void>;
  failed(error: unknown): void;
}

/**
 * Brings members up to date over streams, and serves those who want it of us. All is bounded:
 * each conversation in time, those that are served in number, what is said by the wire.
 */
export class Streams<Id> {
  exchanges = 0;
  pings = 0;
  refused = 0;
  readonly #host: StreamsHost<Id>;
  readonly #transport: StreamTransport;
  readonly #addressOf: (id: Id) => string | undefined;
  readonly #interval: number;
  readonly #timeout: number;
  readonly #maxServed: number;
  readonly #listener: Promise<Listener | undefined>;
  /** The conversations under way, by what ends them. */
  readonly #running = new Map<AbortController, Promise<void>>();
  /** Exchanges that we began, by address. */
  readonly #exchanging = new Map<string, Promise<void>>();
  #serving = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: StreamsOptions<Id>, host: StreamsHost<Id>) {
    this.#host = host;
    this.#transport = options.transport;
    this.#interval = checked('interval', options.interval, 30_000, 0);
    this.#timeout = checked('timeout', options.timeout, 10_000, 1);
    this.#maxServed = checked('maxServed', options.maxServed, 128, 1);
    this.#addressOf = options.address ?? ((id) => withoutGateway(host.addressOf(id)));
    this.#listener = this.#listen(options.listen ?? host.localAddress);
    this.#schedule(0, 1);
  }

  /** Exchanges states with a member, or with who may be one. One at a time for each address. */
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
    await this.#converse(address, this.#timeout, {
      open: (signal) => this.#transport.dial(address, { signal }),
      talk: async (conversation) => this.#exchanged(address, await conversation.exchange()),
      failed: (error) => this.#host.report({ type: 'exchangeFailed', address, error }),
    });
    this.#exchanging.delete(address);
  }

  /** The identity that answers at the address of `id` within `timeout` ms, as a member. */
  async ping(id: Id, timeout: number): Promise<Member<Id> | undefined> {
    const address = this.#addressOf(id);
    if (address === undefined) return undefined;
    this.pings++;
    let answer: Member<Id> | undefined;
    await this.#converse(address, timeout, {
      open: (signal) => this.#transport.dial(address, { signal }),
      talk: async (conversation) => {
        answer = await conversation.ping();
      },
      failed: () => {},
    });
    return answer;
  }

  /** Breaks off what is under way, and stops listening; resolves when nothing is left. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const reason = new SwimError('state', 'the membership is closed');
    for (const controller of this.#running.keys()) controller.abort(reason);
    await Promise.all([...this.#running.values(), this.#listener.then((one) => one?.close())]);
  }

  /** Never rejects. */
  async #listen(where: string | Listener | false): Promise<Listener | undefined> {
    if (where === false) return undefined;
    try {
      const listener = typeof where === 'string' ? await this.#transport.listen(where) : where;
      void this.#accept(listener);
      return listener;
    } catch (error) {
      if (!this.#closed) this.#host.report({ type: 'listenFailed', error });
      return undefined;
    }
  }

  /** Never rejects. */
  async #accept(listener: Listener): Promise<void> {
    try {
      for await (const connection of listener) void this.#serve(connection);
    } catch (error) {
      if (!this.#closed) this.#host.report({ type: 'listenFailed', error });
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
    await this.#converse(address, this.#timeout, {
      open: async () => connection,
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
    if (!this.#closed) this.#host.report({ type: 'exchange', address, outcome });
  }

  /** Talks on a connection, and ends it in any case. Never rejects. */
  async #converse(address: string, timeout: number, speech: Speech<Id>): Promise<void> {
    const controller = new AbortController();
    const speaking = this.#speak(controller, address, timeout, speech);
    this.#running.set(controller, speaking);
    await speaking;
    this.#running.delete(controller);
  }

  async #speak(
    controller: AbortController,
    address: string,
    timeout: number,
    { open, talk, failed }: Speech<Id>,
  ): Promise<void> {
    const { signal } = controller;
    const late = (): void =>
      controller.abort(new SwimError('stream', `no end with ${address} within ${timeout} ms`));
    const timer = setTimeout(late, timeout);
    let connection: Connection | undefined;
    let conversation: Conversation<Id> | undefined;
    // Once all is said, to end it is up to the transport, which does so in bounded time.
    const end = (): Promise<void> | undefined => {
      signal.removeEventListener('abort', abort);
      return connection?.close();
    };
    const abort = (): void => connection?.abort(signal.reason);
    signal.addEventListener('abort', abort);
    try {
      if (this.#closed) throw new SwimError('state', 'the membership is closed');
      connection = await open(signal);
      signal.throwIfAborted();
      conversation = new Conversation(connection, this.#host);
      await talk(conversation);
      await end();
    } catch (thrown) {
      const error = signal.aborted ? signal.reason : thrown;
      if (!this.#closed) this.#tell(error, conversation, failed);
      if (conversation && error instanceof SwimError && error.code !== 'stream') {
        conversation.goodbye(error);
        await end();
      } else connection?.abort(asError(error));
    } finally {
      clearTimeout(timer);
    }
  }

  #tell(
    error: unknown,
    conversation: Conversation<Id> | undefined,
    failed: (error: unknown) => void,
  ): void {
    if (conversation && error instanceof SwimError && error.code === 'malformed') {
      this.#host.report({ type: 'rejected', error, bytes: conversation.frame });
    } else failed(error);
  }

  /** Sets the timer for the next exchange, from `least` to `most` of an interval from now. */
  #schedule(least: number, most: number): void {
    if (this.#interval === 0 || this.#closed) return;
    const { random } = this.#host;
    const scaled = this.#interval * exchangeScale(this.#host.size + 1);
    const wait = scaled * (least + (most - least) * random());
    this.#timer = setTimeout(
      () => {
        this.#schedule(1 - JITTER, 1 + JITTER);
        const members = this.#host.members();
        const chosen = members[Math.floor(random() * members.length)];
        if (chosen !== undefined) void this.exchange(chosen.id);
      },
      Math.min(wait, MAX_DELAY),
    );
  }
}

/** Behind a gateway nobody can be dialled. */
function withoutGateway(address: string): string | undefined {
  return address.includes('!') ? undefined : address;
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new SwimError('stream', 'failed', { cause: value });
}

function checked(name: string, value: number | undefined, preset: number, least: number): number {
  const number = value ?? preset;
  if (number >= least && number <= MAX_DELAY) return number;
  throw new SwimError('config', `streams.${name} is ${least}..${MAX_DELAY}, not ${number}`);
}
