import type { Connection } from '@shoal/transport';
import { encodeGatewayMessage } from './gateway-protocol.ts';

/** A client of a gateway, also for a while after its connection was lost. */
export class GatewaySession {
  readonly name: string;
  /** With which a new connection takes the place of the old one. */
  readonly key: Uint8Array;
  connection: Connection | undefined;
  /** Runs while there is no connection. */
  expiry: ReturnType<typeof setTimeout> | undefined;
  /** Whether anything has come since the last look. */
  heard = true;
  #congested = false;
  /** Datagrams that may come at once, and when that was reckoned, in ms. */
  #allowance: number;
  #reckoned = 0;

  constructor(name: string, key: Uint8Array, rate: number) {
    this.name = name;
    this.key = key;
    this.#allowance = rate;
  }

  attach(connection: Connection): void {
    clearTimeout(this.expiry);
    this.expiry = undefined;
    this.connection = connection;
    this.heard = true;
    this.#congested = false;
  }

  /** Sends a datagram to the client; false when it was dropped. */
  deliver(from: string, bytes: Uint8Array): boolean {
    const { connection } = this;
    if (!connection || this.#congested) return false;
    if (!connection.send(encodeGatewayMessage({ type: 'deliver', from, bytes }))) {
      // It was taken; the next ones are dropped until there is room, as a network does.
      this.#congested = true;
      connection.ready().then(
        () => {
          if (this.connection === connection) this.#congested = false;
        },
        () => {},
      );
    }
    return true;
  }

  /** Whether the client may send a datagram now, at `rate` per second on average. */
  mayGo(rate: number, now: number): boolean {
    const gained = ((now - this.#reckoned) * rate) / 1000;
    this.#allowance = Math.min(rate, this.#allowance + Math.max(gained, 0));
    this.#reckoned = now;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }
}
