import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP relay that a test can let misbehave; what is above TCP goes through it untouched. */
export class Relay {
  /** Whether each byte is written on its own. */
  bytewise = false;
  /** How many bytes to the dialer may still pass before all connections are cut. */
  cutAfter: number = Number.POSITIVE_INFINITY;
  /** How often that was done. */
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: string) {
    const port = Number(target.slice(target.lastIndexOf(':') + 1));
    this.#server = createServer({ noDelay: true }, (dialer) => {
      const listener = connect({ port, host: '127.0.0.1', noDelay: true });
      void this.#pipe(dialer, listener, false);
      void this.#pipe(listener, dialer, true);
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async #pipe(from: Socket, to: Socket, counted: boolean): Promise<void> {
    this.#sockets.add(from);
    from.on('error', () => undefined);
    try {
      for await (const chunk of from as AsyncIterable<Uint8Array>) {
        if (counted) this.cutAfter -= chunk.length;
        if (this.cutAfter < 0) {
          this.cutAfter = Number.POSITIVE_INFINITY;
          this.cuts++;
          this.cut();
          return;
        }
        if (!this.bytewise) {
          if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
          continue;
        }
        for (let at = 0; at < chunk.length; at++) {
          to.write(chunk.subarray(at, at + 1));
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      to.end();
    } catch {
      to.destroy();
    } finally {
      this.#sockets.delete(from);
    }
  }
}
