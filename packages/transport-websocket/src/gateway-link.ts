import { onAbort } from '@shoal/async';
import { type Connection, parseAddress, TransportError } from '@shoal/transport';
import { decodeGatewayMessage, encodeGatewayMessage, GATEWAY_VERSION } from './gateway-protocol.ts';
import type { GatewayTransportOptions } from './gateway-transport-options.ts';

/** A gateway that has said welcome. */
export interface Link {
  readonly gateway: string;
  readonly connection: Connection;
  readonly frames: AsyncIterator<Uint8Array>;
  readonly address: string;
  readonly key: Uint8Array;
  readonly maxDatagramSize: number;
}

const NO_KEY = new Uint8Array(0);

/** Finds a gateway that takes this client, at first and after each loss. */
export class GatewayFinder {
  readonly #options: GatewayTransportOptions;
  readonly #welcomeTimeout: number;
  readonly #signal: AbortSignal;
  /** The last link that was made, if any. */
  #last: Link | undefined;

  /** `signal` gives up what is under way. */
  constructor(options: GatewayTransportOptions, welcomeTimeout: number, signal: AbortSignal) {
    this.#options = options;
    this.#welcomeTimeout = welcomeTimeout;
    this.#signal = signal;
  }

  /** Tries each gateway once, beginning with the one at index `first`. */
  async connectToAny(first: number): Promise<Link> {
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

  async #connect(gateway: string): Promise<Link> {
    const previous = this.#last?.gateway === gateway ? this.#last : undefined;
    // Back to the same gateway it is under the name that was given there, else as it was asked.
    const given = previous ? parseAddress(previous.address).client : undefined;
    const name = given ?? this.#options.name ?? '';
    try {
      return await this.#greet(gateway, name, previous?.key ?? NO_KEY);
    } catch (error) {
      // A member that has lost its name meanwhile had rather take another than be none.
      const isTaken = error instanceof TransportError && error.cause === NAME_REFUSED;
      if (!isTaken || !this.#last || name === '') throw error;
      return this.#greet(gateway, '', NO_KEY);
    }
  }

  async #greet(gateway: string, name: string, key: Uint8Array): Promise<Link> {
    const signal = this.#signal;
    const connection = await this.#options.transport.dial(gateway, { signal });
    const forget = onAbort(signal, () => connection.abort(signal.reason as Error));
    const timer = setTimeout(() => {
      connection.abort(new TransportError('timeout', `the gateway ${gateway} says no welcome`));
    }, this.#welcomeTimeout);
    try {
      connection.send(encodeGatewayMessage({ type: 'hello', version: GATEWAY_VERSION, name, key }));
      const frames = connection[Symbol.asyncIterator]();
      const { value: first } = await frames.next();
      if (!first) throw new TransportError('reset', `the gateway ${gateway} ended the connection`);
      return { gateway, connection, frames, ...readWelcome(gateway, first) };
    } catch (error) {
      connection.abort(error as Error);
      const cause = error instanceof TransportError && error.code === 'aborted' && error.cause;
      throw cause instanceof TransportError ? cause : error;
    } finally {
      clearTimeout(timer);
      forget();
    }
  }
}

/** The cause of a refusal that another name may avoid. */
const NAME_REFUSED = 'name';

/** What a gateway's first frame says, or throws why it is no welcome. */
function readWelcome(
  gateway: string,
  frame: Uint8Array,
): { address: string; key: Uint8Array; maxDatagramSize: number } {
  const message = decodeGatewayMessage(frame);
  if (message.type === 'refused') {
    const text = `the gateway ${gateway} refused (${message.reason}): ${message.text}`;
    throw new TransportError('refused', text, { cause: message.reason });
  }
  if (message.type !== 'welcome') {
    throw new TransportError('protocol', `the gateway ${gateway} began with ${message.type}`);
  }
  const { address, key, maxDatagramSize } = message;
  if (parseAddress(address).client !== undefined) return { address, key, maxDatagramSize };
  throw new TransportError('protocol', `the gateway ${gateway} gave no client's address`);
}
