import type { Connection, DatagramTransport, Listener, StreamTransport } from '@shoal/transport';
import { TransportError } from '@shoal/transport';

/** The network cable of one process. While it is cut, nothing gets in or out. */
export class Cable {
  #cut = false;
  readonly #connections = new Set<Connection>();

  cut(): void {
    this.#cut = true;
    for (const connection of this.#connections) connection.abort(unplugged());
    this.#connections.clear();
  }

  mend(): void {
    this.#cut = false;
  }

  datagrams(transport: DatagramTransport): DatagramTransport {
    return {
      localAddress: transport.localAddress,
      maxDatagramSize: transport.maxDatagramSize,
      // A cut cable gives no sign: what is sent is lost.
      send: (to, bytes) => this.#cut || transport.send(to, bytes),
      unreachable: (to) => transport.unreachable?.(to),
      useMembers: (members) => transport.useMembers?.(members),
      receive: (handler) =>
        transport.receive((from, bytes) => {
          if (!this.#cut) handler(from, bytes);
        }),
      close: () => transport.close(),
      [Symbol.asyncDispose]: () => transport.close(),
    };
  }

  streams(transport: StreamTransport): StreamTransport {
    return {
      dial: async (address, options) => {
        if (this.#cut) throw unplugged();
        return this.#plugged(await transport.dial(address, options));
      },
      listen: async (address, options) => this.#listener(await transport.listen(address, options)),
    };
  }

  #listener(listener: Listener): Listener {
    const plugged = async function* (cable: Cable): AsyncGenerator<Connection, undefined> {
      for await (const connection of listener) {
        if (cable.#cut) connection.abort(unplugged());
        else yield cable.#plugged(connection);
      }
      return undefined;
    };
    return {
      address: listener.address,
      close: () => listener.close(),
      [Symbol.asyncDispose]: () => listener.close(),
      [Symbol.asyncIterator]: () => plugged(this),
    };
  }

  #plugged(connection: Connection): Connection {
    // Keeps the set small: ended connections are not removed one by one.
    if (this.#connections.size > 256) this.#connections.clear();
    this.#connections.add(connection);
    return connection;
  }
}

function unplugged(): TransportError {
  return new TransportError('unreachable', 'the cable is cut');
}
