import type { Connection } from '@shoal/transport';
import { encodeGatewayMessage } from '../protocol/gateway-message.ts';
import { RateLimit } from './rate-limit.ts';

/** A client of a gateway. It outlives a lost connection for a while. */
export class GatewaySession {
  readonly name: string;
  /** The name that the client asked for. */
  readonly wanted: string;
  /** Lets a new connection continue the session. */
  readonly key: Uint8Array;
  connection: Connection | undefined;
  /** Runs while the client is disconnected. */
  expiry: ReturnType<typeof setTimeout> | undefined;
  /** Whether anything has come since the last check. */
  heard = true;
  /** How many datagrams may come from the client. */
  readonly rate: RateLimit;
  #isCongested = false;

  /** `rate` is how many datagrams per second may come. */
  constructor(options: { name: string; wanted: string; key: Uint8Array; rate: number }) {
    const { name, wanted, key, rate } = options;
    this.name = name;
    this.wanted = wanted;
    this.key = key;
    this.rate = new RateLimit(rate);
  }

  attach(connection: Connection): void {
    clearTimeout(this.expiry);
    this.expiry = undefined;
    this.connection = connection;
    this.heard = true;
    this.#isCongested = false;
  }

  /** Sends a datagram to the client. Returns false if it was dropped. */
  deliver(from: string, bytes: Uint8Array): boolean {
    const { connection } = this;
    if (!connection || this.#isCongested) return false;
    if (!connection.send(encodeGatewayMessage({ type: 'deliver', from, bytes }))) {
      // This datagram was accepted. The next ones are dropped until there is room.
      this.#isCongested = true;
      connection.ready().then(
        () => {
          if (this.connection === connection) this.#isCongested = false;
        },
        () => {},
      );
    }
    return true;
  }
}
