import { type Connection, dialService, type StreamTransport } from '@shoal/transport';
import { WireError } from '@shoal/wire';
import { NodeError } from './errors.ts';
import {
  decodePromise,
  encodePromise,
  type PromiseReply,
  type PromiseRequest,
} from './promise-message.ts';

/** The services of a node on its stream listener. */
export const SERVICES = {
  /** States of the membership, and its probes. */
  membership: 'shoal/membership',
  /** The log of the feeder. */
  log: 'shoal/log',
  /** Promises of voters. */
  promise: 'shoal/promise',
  /** The log of a voter that has given its promise, for the candidate that it gave it to. */
  source: 'shoal/source',
} as const;

/**
 * Asks a voter for its promise. Rejects with the transport's error, the signal's reason, or
 * `protocol`.
 */
export async function askForPromise(
  streams: StreamTransport,
  address: string,
  request: PromiseRequest,
  timeout: number,
  signal: AbortSignal,
): Promise<PromiseReply> {
  const connection = await dialService(streams, address, SERVICES.promise, { signal });
  try {
    connection.send(encodePromise(request));
    const reply = await receive(connection, timeout, signal);
    if (reply.type !== 'reply' || reply.voter !== request.voter) {
      throw new NodeError('protocol', `expected a reply of ${request.voter}`);
    }
    return reply;
  } finally {
    await connection.close();
  }
}

/** Answers one request. Never rejects. */
export async function servePromise(
  connection: Connection,
  decide: (request: PromiseRequest) => Promise<PromiseReply>,
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const request = await receive(connection, timeout, signal);
    if (request.type !== 'request') throw new NodeError('protocol', 'expected a request');
    connection.send(encodePromise(await decide(request)));
    await connection.close();
  } catch (error) {
    connection.abort(error instanceof Error ? error : new NodeError('protocol', 'failed'));
  }
}

async function receive(
  connection: Connection,
  timeout: number,
  signal: AbortSignal,
): Promise<PromiseRequest | PromiseReply> {
  const late = new NodeError('protocol', `no message within ${timeout} ms`);
  const timer = setTimeout(() => connection.abort(late), timeout);
  const onAbort = (): void => connection.abort(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    signal.throwIfAborted();
    const { value: frame } = await connection[Symbol.asyncIterator]().next();
    if (frame === undefined) throw new NodeError('protocol', 'the peer said nothing');
    return decodePromise(frame);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new NodeError('protocol', `a bad message: ${cause.message}`, { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
