import type { DatagramTransport } from '@shoal/transport';

/** Datagram transports of one process that reach each other in the next turn of the event loop. */
export class Hub {
  readonly #handlers = new Map<string, (from: string, bytes: Uint8Array) => void>();
  sent = 0;

  open(
    address: string,
    maxDatagramSize = 1452,
  ): DatagramTransport & { full: boolean; closed: boolean } {
    const hub = this;
    return {
      localAddress: address,
      maxDatagramSize,
      full: false,
      closed: false,
      send(to, bytes) {
        if (bytes.length > maxDatagramSize) throw new RangeError('too large');
        if (this.full || this.closed) return false;
        hub.sent++;
        setImmediate(() => hub.#handlers.get(to)?.(address, bytes));
        return true;
      },
      receive(handler) {
        hub.#handlers.set(address, handler);
      },
      async close() {
        this.closed = true;
        hub.#handlers.delete(address);
      },
      async [Symbol.asyncDispose]() {
        await this.close();
      },
    };
  }
}
