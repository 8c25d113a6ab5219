import { type Connection, dialService, type StreamTransport } from '@shoal/transport';
import { WireError } from '@shoal/wire';
import { NodeError } from '../errors.ts';
import {
  decodeVoteMessage,
  encodeVoteMessage,
  type VoteReply,
  type VoteRequest,
} from './vote-message.ts';

/** The services of a node on its stream listener. */
export const SERVICES = {
  /** States of the membership, and its probes. */
  membership: 'shoal/membership',
  /** The log of the feeder. */
  log: 'shoal/log',
  /** Promises of voters. */
  vote: 'shoal/promise',
  /** The log of a voter that has given its promise, for the candidate that it gave it to. */
  source: 'shoal/source',
} as const;

/**
 * Asks a voter for its promise. Rejects with the transport's error, the signal's reason, or
 * `protocol`.
 */
export async function requestVote(
  streams: StreamTransport,
  address: string,
  request: VoteRequest,
  timeout: number,
  signal: AbortSignal,
): Promise<VoteReply> {
  const connection = await dialService(streams, address, SERVICES.vote, { signal });
  try {
    connection.send(encodeVoteMessage(request));
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
export async function serveVote(
  connection: Connection,
  decide: (request: VoteRequest) => Promise<VoteReply>,
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const request = await receive(connection, timeout, signal);
    if (request.type !== 'request') throw new NodeError('protocol', 'expected a request');
    connection.send(encodeVoteMessage(await decide(request)));
    await connection.close();
  } catch (error) {
    connection.abort(error instanceof Error ? error : new NodeError('protocol', 'failed'));
  }
}

async function receive(
  connection: Connection,
  timeout: number,
  signal: AbortSignal,
): Promise<VoteRequest | VoteReply> {
  const late = new NodeError('protocol', `no message within ${timeout} ms`);
  const timer = setTimeout(() => connection.abort(late), timeout);
  const onAbort = (): void => connection.abort(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    signal.throwIfAborted();
    const { value: frame } = await connection[Symbol.asyncIterator]().next();
    if (frame === undefined) throw new NodeError('protocol', 'the peer said nothing');
    return decodeVoteMessage(frame);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new NodeError('protocol', `a bad message: ${cause.message}`, { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
