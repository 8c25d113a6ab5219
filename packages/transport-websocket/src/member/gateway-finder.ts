import { onAbort } from '@shoal/async';
import { type Connection, parseAddress, TransportError } from '@shoal/transport';
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  GATEWAY_VERSION,
} from '../protocol/gateway-message.ts';
import type { GatewayTransportOptions } from './gateway-transport-options.ts';

/** A connection to a gateway that has welcomed this client. */
export interface GatewayConnection {
  readonly gateway: string;
  readonly connection: Connection;
  /** The frames after the welcome. */
  readonly frames: AsyncIterator<Uint8Array>;
  /** The address that the gateway has given to this client. */
  readonly address: string;
  /** Proves to the same gateway that a later connection is of the same client. */
  readonly key: Uint8Array;
  readonly maxDatagramSize: number;
}

const NO_KEY = new Uint8Array(0);

/** Finds a gateway that accepts this client: the first one, and another one after each loss. */
export class GatewayFinder {
  readonly #options: GatewayTransportOptions;
  readonly #welcomeTimeout: number;
  readonly #signal: AbortSignal;
  #last: GatewayConnection | undefined;

  /** `signal` ends what is under way. */
  constructor(options: GatewayTransportOptions, welcomeTimeout: number, signal: AbortSignal) {
    this.#options = options;
    this.#welcomeTimeout = welcomeTimeout;
    this.#signal = signal;
  }

  /** Tries each gateway once, from index `first` on. Rejects with the error of the last one. */
  async connectToAny(first: number): Promise<GatewayConnection> {
    const { gateways } = this.#options;
    let failure: unknown;
    for (let i = 0; i < gateways.length; i++) {
      const gateway = gateways[(first + i) % gateways.length]!;
      try {
        this.#last = await this.#connect(gateway);
        return this.#last;
      } catch (error) {
        if (this.#signal.aborted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async #connect(gateway: string): Promise<GatewayConnection> {
    const previous = this.#last?.gateway === gateway ? this.#last : undefined;
    // The same gateway knows this client by the name that it gave.
    const given = previous ? parseAddress(previous.address).client : undefined;
    const name = given ?? this.#options.name ?? '';
    try {
      return await this.#greet(gateway, name, previous?.key ?? NO_KEY);
    } catch (error) {
      // A member that lost its name while it was disconnected continues under another one.
      const isTaken = error instanceof TransportError && error.cause === NAME_REFUSED;
      if (!isTaken || !this.#last || name === '') throw error;
      return this.#greet(gateway, '', NO_KEY);
    }
  }

  async #greet(gateway: string, name: string, key: Uint8Array): Promise<GatewayConnection> {
    const signal = this.#signal;
    const connection = await this.#options.transport.dial(gateway, { signal });
    const cancel = onAbort(signal, () => connection.abort(signal.reason as Error));
    const timer = setTimeout(() => {
      const text = `gateway ${gateway}: no welcome within ${this.#welcomeTimeout} ms`;
      connection.abort(new TransportError('timeout', text));
    }, this.#welcomeTimeout);
    try {
      connection.send(encodeGatewayMessage({ type: 'hello', version: GATEWAY_VERSION, name, key }));
      const frames = connection[Symbol.asyncIterator]();
      const { value: first } = await frames.next();
      if (!first)
        throw new TransportError(
          'reset',
          `gateway ${gateway}: the connection ended before a welcome`,
        );
      return { gateway, connection, frames, ...readWelcome(gateway, first) };
    } catch (error) {
      connection.abort(error as Error);
      const cause = error instanceof TransportError && error.code === 'aborted' && error.cause;
      throw cause instanceof TransportError ? cause : error;
    } finally {
      clearTimeout(timer);
      cancel();
    }
  }
}

/** The cause of a refusal that a different name may avoid. */
const NAME_REFUSED = 'name';

/** Reads a gateway's first frame. Throws `refused` or `protocol` if it is not a welcome. */
function readWelcome(
  gateway: string,
  frame: Uint8Array,
): Pick<GatewayConnection, 'address' | 'key' | 'maxDatagramSize'> {
  const message = decodeGatewayMessage(frame);
  if (message.type === 'refused') {
    const text = `gateway ${gateway}: refused (${message.reason}): ${message.text}`;
    throw new TransportError('refused', text, { cause: message.reason });
  }
  if (message.type !== 'welcome') {
    throw new TransportError(
      'protocol',
      `gateway ${gateway}: sent ${message.type} before a welcome`,
    );
  }
  const { address, key, maxDatagramSize } = message;
  if (parseAddress(address).client !== undefined) return { address, key, maxDatagramSize };
  throw new TransportError('protocol', `gateway ${gateway}: ${address} is not a client's address`);
}
