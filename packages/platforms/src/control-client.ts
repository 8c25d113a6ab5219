import { type Answer, answerError, decode, encode, type Request } from './control-protocol.ts';

const NO_BYTES = new Uint8Array(0);

type Success = Exclude<Answer, { type: 'error' }>;
type Reply<Type extends Success['type']> = {
  readonly answer: Extract<Success, { type: Type }>;
  readonly bytes: Uint8Array;
};

interface Waiting {
  resolve(reply: Reply<Success['type']>): void;
  reject(error: Error): void;
}

/** The control line from the suites to the Node process that started them: a plain WebSocket. */
export class ControlClient {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#onAnswer(new Uint8Array(data as ArrayBuffer));
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values())
        reject(new Error('the control line was lost'));
      this.#waiting.clear();
    };
  }

  static connect(url: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => resolve(new ControlClient(socket));
      socket.onerror = () => reject(new Error(`cannot connect to the control line at ${url}`));
    });
  }

  /** Sends a request, and waits for an answer of one of the expected types. */
  ask<Type extends Success['type']>(
    message: Request,
    ...expected: readonly Type[]
  ): Promise<Reply<Type>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, {
        resolve: (reply) => {
          if ((expected as readonly string[]).includes(reply.answer.type)) {
            resolve(reply as unknown as Reply<Type>);
          } else reject(new Error(`${message.type} was answered with ${reply.answer.type}`));
        },
        reject,
      });
      this.#socket.send(encode({ id, message, bytes: NO_BYTES }));
    });
  }

  /** Sends a message that gets no answer. */
  tell(message: Request, bytes: Uint8Array = NO_BYTES): void {
    this.#socket.send(encode({ id: 0, message, bytes }));
  }

  /** Closes the socket: an open one keeps Bun and Deno running. */
  close(): void {
    this.#socket.close();
  }

  #onAnswer(encoded: Uint8Array): void {
    const { id, message: answer, bytes } = decode<Answer>(encoded);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (answer.type === 'error') waiting?.reject(answerError(answer));
    else waiting?.resolve({ answer, bytes });
  }
}
