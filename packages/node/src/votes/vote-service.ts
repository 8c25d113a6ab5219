import { onAbort, toError } from '@shoal/async';
import type { Connection } from '@shoal/transport';
import { WireError } from '@shoal/wire';
import { NodeError } from '../errors.ts';
import {
  decodeVoteMessage,
  encodeVoteMessage,
  type VoteMessage,
  type VoteReply,
  type VoteRequest,
} from './vote-message.ts';

/** Options of both ends of a request for a vote. */
export interface VoteServiceOptions {
  /** How long the peer may take to send its message, in ms. */
  readonly timeout: number;
  /** Breaks the connection off. */
  readonly signal: AbortSignal;
}

/**
 * Asks a voter for its vote over a connection to its service, and closes the connection. Rejects
 * with the transport's error, the signal's reason, or `protocol`.
 */
export async function requestVote(
  connection: Connection,
  request: VoteRequest,
  options: VoteServiceOptions,
): Promise<VoteReply> {
  try {
    connection.send(encodeVoteMessage(request));
    const reply = await receive(connection, options);
    if (reply.type !== 'reply' || reply.voter !== request.voter) {
      const text = `expected a vote reply from ${request.voter}, got a ${reply.type}`;
      throw new NodeError('protocol', `${text} from ${reply.voter}`);
    }
    return reply;
  } finally {
    await connection.close();
  }
}

/** Answers the one request of a connection, and closes the connection. Never rejects. */
export async function serveVote(
  connection: Connection,
  decide: (request: VoteRequest) => Promise<VoteReply>,
  options: VoteServiceOptions,
): Promise<void> {
  try {
    const request = await receive(connection, options);
    if (request.type !== 'request') {
      throw new NodeError('protocol', 'expected a vote request, got a reply');
    }
    connection.send(encodeVoteMessage(await decide(request)));
    await connection.close();
  } catch (error) {
    connection.abort(toError(error));
  }
}

async function receive(
  connection: Connection,
  { timeout, signal }: VoteServiceOptions,
): Promise<VoteMessage> {
  signal.throwIfAborted();
  const late = new NodeError('protocol', `the peer sent no vote message within ${timeout} ms`);
  const timer = setTimeout(() => connection.abort(late), timeout);
  const cancelAbort = onAbort(signal, () => connection.abort(toError(signal.reason)));
  try {
    const { value: frame } = await connection[Symbol.asyncIterator]().next();
    if (frame === undefined) {
      throw new NodeError('protocol', 'the peer closed the connection without a vote message');
    }
    return decodeVoteMessage(frame);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new NodeError('protocol', `malformed vote message: ${cause.message}`, { cause });
  } finally {
    clearTimeout(timer);
    cancelAbort();
  }
}
