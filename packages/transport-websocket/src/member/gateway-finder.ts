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

/** What a client says of itself. */
interface Identity {
  readonly name: string;
  readonly key: Uint8Array;
}

const NO_KEY = new Uint8Array(0);
const ANYBODY: Identity = { name: '', key: NO_KEY };

/** Finds a gateway that accepts this client: the first one, and another one after each loss. */
export class GatewayFinder {
  readonly #options: GatewayTransportOptions;
  readonly #welcomeTimeout: number;
  readonly #signal: AbortSignal;
  /** The name and the key that each gateway gave to this client. */
  readonly #given = new Map<string, Identity>();

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
        return await this.#connect(gateway);
      } catch (error) {
        if (this.#signal.aborted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** Rejects with the gateway's refusal of the last identity that this client could have there. */
  async #connect(gateway: string): Promise<GatewayConnection> {
    let failure: unknown;
    for (const identity of this.#identities(gateway)) {
      try {
        const found = await this.#greet(gateway, identity);
        const name = parseAddress(found.address).client!;
        this.#given.set(gateway, { name, key: found.key });
        return found;
      } catch (error) {
        if (!(error instanceof TransportError) || error.cause !== NAME_REFUSED) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /**
   * Who to be at a gateway, the preferred identity first. This client's own name always
   * comes first, even after the gateway has given it another one: the name may be free again.
   */
  #identities(gateway: string): Identity[] {
    const { name } = this.#options;
    const given = this.#given.get(gateway);
    const identities: Identity[] = [];
    if (name !== undefined) identities.push({ name, key: given?.key ?? NO_KEY });
    if (given && given.name !== name) identities.push(given);
    // A member that lost its name while it was disconnected continues under another one.
    if (this.#given.size > 0 || name === undefined) identities.push(ANYBODY);
    return identities;
  }

  async #greet(gateway: string, { name, key }: Identity): Promise<GatewayConnection> {
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
