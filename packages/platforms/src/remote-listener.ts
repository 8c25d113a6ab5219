import type { StreamConformanceLimits } from '@shoal/testkit/conformance';
import {
  type Connection,
  type Listener,
  type StreamTransport,
  TransportError,
} from '@shoal/transport';
import type { ControlClient } from './control-client.ts';

/**
 * A transport that listens in the Node process at the other end of the control line, so that a
 * suite in the browser holds both ends of a connection.
 */
export function remoteListening(
  control: ControlClient,
  limits: Partial<StreamConformanceLimits>,
  token?: string,
): StreamTransport {
  return {
    dial: () => Promise.reject(new TransportError('address', 'a remote listener cannot dial')),
    async listen(address, { signal } = {}) {
      if (signal?.aborted) throw new TransportError('aborted', `listen at ${address}: aborted`);
      const request = { type: 'listen', address, limits, ...(token ? { token } : {}) } as const;
      const { answer } = await control.ask(request, 'listening');
      const listener = new RemoteListener(control, answer.listener, answer.address);
      signal?.addEventListener('abort', () => void listener.close(), { once: true });
      return listener;
    },
  };
}

class RemoteListener implements Listener {
  readonly address: string;
  readonly #control: ControlClient;
  readonly #listener: number;

  constructor(control: ControlClient, listener: number, address: string) {
    this.#control = control;
    this.#listener = listener;
    this.address = address;
  }

  async close(): Promise<void> {
    await this.#control.ask({ type: 'unlisten', listener: this.#listener }, 'ok');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<Connection, undefined> {
    return { next: () => this.#next() };
  }

  async #next(): Promise<IteratorResult<Connection, undefined>> {
    const request = { type: 'accept', listener: this.#listener } as const;
    const { answer } = await this.#control.ask(request, 'accepted', 'end');
    if (answer.type === 'end') return { done: true, value: undefined };
    const { connection, remoteAddress } = answer;
    return { done: false, value: new RemoteConnection(this.#control, connection, remoteAddress) };
  }
}

/** The accepted end of a connection. It never reads ahead, which would hide back-pressure. */
class RemoteConnection implements Connection {
  readonly remoteAddress: string;
  readonly #control: ControlClient;
  readonly #connection: number;

  constructor(control: ControlClient, connection: number, remoteAddress: string) {
    this.#control = control;
    this.#connection = connection;
    this.remoteAddress = remoteAddress;
  }

  /** Always returns false: only `ready` can ask the real end whether there is room. */
  send(frame: Uint8Array): boolean {
    this.#control.tell({ type: 'send', connection: this.#connection }, frame);
    return false;
  }

  async ready({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (signal) throw new Error('the control line does not support signals');
    await this.#control.ask({ type: 'ready', connection: this.#connection }, 'ok');
  }

  async close(): Promise<void> {
    await this.#control.ask({ type: 'close', connection: this.#connection }, 'ok');
  }

  abort(reason: Error): void {
    const { message } = reason;
    this.#control.tell({ type: 'abort', connection: this.#connection, reason: message });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: async () => {
        const request = { type: 'read', connection: this.#connection } as const;
        const { answer, bytes } = await this.#control.ask(request, 'frame', 'end');
        return answer.type === 'end'
          ? { done: true, value: undefined }
          : { done: false, value: bytes };
      },
    };
  }
}
