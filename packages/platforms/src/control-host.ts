import type { Connection, Listener } from '@shoal/transport';
import { createUdpTransport } from '@shoal/transport-node';
import { createGateway, createWebSocketServerTransport } from '@shoal/transport-websocket/server';
import type { WebSocket } from 'ws';
import type { CaseResult } from './case-runner.ts';
import { type Answer, decode, encode, errorAnswer, type Request } from './control-protocol.ts';
import { sendGarbage, sendStray } from './garbage.ts';
import { NodeCluster } from './node-cluster.ts';
import { simulationDigests } from './simulations.ts';

const NO_BYTES = new Uint8Array(0);
const OK: Answer = { type: 'ok' };

interface Reply {
  readonly answer: Answer;
  readonly bytes?: Uint8Array;
}

/** Lets clients send whatever they like to whomever they like. */
const OPEN = { maxRate: 1_000_000, maxTotalRate: 1_000_000, mayReach: (): boolean => true };

/** The Node side of a run: the servers that the suites in a platform connect to. */
export class ControlHost {
  readonly #control: WebSocket;
  /** The origin from which a browser's page connects. */
  readonly #origin: string;
  readonly #onCase: (result: CaseResult) => void;
  readonly #listeners: Listener[] = [];
  readonly #connections: Connection[] = [];
  readonly #closers: (() => unknown)[] = [];
  #setDone!: () => void;
  /** Resolves when the suites report that they are done. */
  readonly done: Promise<void>;

  constructor(control: WebSocket, origin: string, onCase: (result: CaseResult) => void) {
    this.#control = control;
    this.#origin = origin;
    this.#onCase = onCase;
    this.done = new Promise((resolve) => {
      this.#setDone = resolve;
    });
    control.on('message', (data: Buffer) => void this.#onRequest(data));
  }

  async close(): Promise<void> {
    const over = new Error('the run is over');
    for (const connection of this.#connections) connection.abort(over);
    for (const listener of this.#listeners) await listener.close();
    for (const close of this.#closers) await close();
  }

  async #onRequest(data: Buffer): Promise<void> {
    const { id, message, bytes } = decode<Request>(data);
    let reply: Reply;
    try {
      reply = await this.#reply(message, bytes);
    } catch (error) {
      reply = { answer: errorAnswer(error) };
    }
    // A message without an id gets no answer.
    if (id === 0) return;
    this.#control.send(encode({ id, message: reply.answer, bytes: reply.bytes ?? NO_BYTES }));
  }

  async #reply(request: Request, bytes: Uint8Array): Promise<Reply> {
    switch (request.type) {
      case 'listen':
        return { answer: await this.#listen(request) };
      case 'accept':
        return { answer: await this.#accept(this.#listeners[request.listener]!) };
      case 'unlisten':
        await this.#listeners[request.listener]!.close();
        return { answer: OK };
      case 'send':
        this.#connection(request).send(bytes);
        return { answer: OK };
      case 'ready':
        await this.#connection(request).ready();
        return { answer: OK };
      case 'read': {
        const { value, done } = await this.#connection(request)[Symbol.asyncIterator]().next();
        return done ? { answer: { type: 'end' } } : { answer: { type: 'frame' }, bytes: value };
      }
      case 'close':
        await this.#connection(request).close();
        return { answer: OK };
      case 'abort':
        this.#connection(request).abort(new Error(request.reason));
        return { answer: OK };
      case 'garbage':
        await sendGarbage(request.address);
        return { answer: OK };
      case 'gateway':
        return { answer: { type: 'gateway', door: await this.#openGateway() } };
      case 'stray':
        await sendStray(request.to);
        return { answer: OK };
      case 'cluster': {
        const cluster = await NodeCluster.start(this.#origin);
        this.#closers.push(() => cluster.close());
        return { answer: { type: 'cluster', cluster: cluster.info } };
      }
      case 'digests':
        return { answer: { type: 'digests', digests: simulationDigests() } };
      case 'case':
        this.#onCase(request.result);
        return { answer: OK };
      case 'done':
        this.#setDone();
        return { answer: OK };
    }
  }

  #connection({ connection }: { connection: number }): Connection {
    return this.#connections[connection]!;
  }

  async #listen(request: Extract<Request, { type: 'listen' }>): Promise<Answer> {
    const { address, limits, token } = request;
    const transport = createWebSocketServerTransport({
      ...limits,
      origins: [this.#origin],
      ...(token === undefined ? {} : { authorize: (asked) => asked.token === token }),
    });
    const listener = await transport.listen(address);
    const number = this.#listeners.push(listener) - 1;
    return { type: 'listening', listener: number, address: listener.address };
  }

  async #accept(listener: Listener): Promise<Answer> {
    const { value, done } = await listener[Symbol.asyncIterator]().next();
    if (done) return { type: 'end' };
    const connection = this.#connections.push(value) - 1;
    return { type: 'accepted', connection, remoteAddress: value.remoteAddress };
  }

  /** A gateway with a UDP socket for the datagrams of the suites, which are no packets of members. */
  async #openGateway(): Promise<string> {
    const udp = await createUdpTransport({ bind: '127.0.0.1:0' });
    const transport = createWebSocketServerTransport({ origins: [this.#origin] });
    const listener = await transport.listen('127.0.0.1:0');
    const gateway = createGateway({ udp, listener, ...OPEN });
    this.#closers.push(() => gateway.close());
    return listener.address;
  }
}
