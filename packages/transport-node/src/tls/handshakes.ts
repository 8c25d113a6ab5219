import type { Socket } from 'node:net';

interface Handshake {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/**
 * Breaks connections that do not finish their handshake in time. The timeout of `node:tls` starts
 * again with every byte, so a peer that sends a byte now and then could stay connected forever.
 */
export class Handshakes {
  readonly #timeout: number;
  /** By remote address: the TLS socket is a different object from the TCP socket beneath it. */
  readonly #pending = new Map<string, Handshake>();

  /** `timeout` in ms. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Starts the timeout of a TCP socket that was accepted. */
  begin(socket: Socket): void {
    const remote = nameOf(socket);
    const timer = setTimeout(() => {
      this.#pending.delete(remote);
      socket.destroy();
    }, this.#timeout);
    const handshake = { socket, timer };
    this.#pending.set(remote, handshake);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#pending.get(remote) === handshake) this.#pending.delete(remote);
    });
  }

  /** Ends the handshake of a TLS socket. Returns the TCP socket beneath; undefined if it closed. */
  end(socket: Socket): Socket | undefined {
    const remote = nameOf(socket);
    const handshake = this.#pending.get(remote);
    clearTimeout(handshake?.timer);
    this.#pending.delete(remote);
    return handshake?.socket;
  }
}

function nameOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
