import { NodeError } from '../errors.ts';
import type { EventHub } from '../event-hub.ts';
import { sleep } from '../lock.ts';
import type { Peers } from '../members/peers.ts';
import type { LogPosition, VoteReply } from './vote-message.ts';
import { isAhead } from './vote-message.ts';

/** Waits between attempts to reach a voter, in ms. */
const FIRST_RETRY = 100;
const LAST_RETRY = 2000;

/** What {@link collectVotes} works with. */
export interface ElectionParts {
  readonly term: bigint;
  /** The names of the other voters. */
  readonly others: readonly string[];
  /** How many of them must promise. */
  readonly needed: number;
  readonly peers: Peers;
  readonly events: EventHub;
  readonly random: () => number;
  /** Asks one voter, who is a member now. */
  readonly ask: (name: string, signal: AbortSignal) => Promise<VoteReply>;
}

/** The outcome: promises of enough voters, or a refusal with the term that was promised. */
export type ElectionResult =
  | { readonly type: 'elected'; readonly positions: ReadonlyMap<string, LogPosition> }
  | { readonly type: 'refused'; readonly votedTerm: bigint };

/**
 * Asks all other voters for their promise until enough have given it, or one has refused. A
 * voter that cannot be reached is asked again and again. Rejects with the signal's reason.
 */
export async function collectVotes(
  parts: ElectionParts,
  signal: AbortSignal,
): Promise<ElectionResult> {
  const { term, others, needed, events } = parts;
  signal.throwIfAborted();
  const positions = new Map<string, LogPosition>();
  if (needed === 0) return { type: 'elected', positions };
  const stop = new AbortController();
  const over = new NodeError('closed', 'the ballot is over');
  const onAbort = (): void => stop.abort(over);
  signal.addEventListener('abort', onAbort);
  try {
    return await new Promise<ElectionResult>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { signal: stop.signal });
      for (const name of others) {
        void askUntilAnswered(parts, name, stop.signal).then((reply) => {
          if (reply === undefined || stop.signal.aborted) return;
          if (!reply.granted) return resolve({ type: 'refused', votedTerm: reply.votedTerm });
          positions.set(name, reply.position);
          events.emit('voteReceived', { voter: name, term });
          if (positions.size === needed) resolve({ type: 'elected', positions });
        });
      }
    });
  } finally {
    stop.abort(over);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Undefined when the signal has fired. Never rejects. */
async function askUntilAnswered(
  { peers, ask, random }: ElectionParts,
  name: string,
  signal: AbortSignal,
): Promise<VoteReply | undefined> {
  for (let wait = FIRST_RETRY; !signal.aborted; wait = Math.min(2 * wait, LAST_RETRY)) {
    if (peers.named(name) === undefined) wait = FIRST_RETRY;
    else {
      try {
        return await ask(name, signal);
      } catch {
        // Out of reach, or busy; another attempt follows.
      }
    }
    await sleep(wait * (0.5 + random() / 2), signal);
  }
  return undefined;
}

/** The voter whose log is furthest ahead of `own`; undefined when none is ahead. */
export function furthest(
  positions: ReadonlyMap<string, LogPosition>,
  own: LogPosition,
): { readonly name: string; readonly position: LogPosition } | undefined {
  let best: { name: string; position: LogPosition } | undefined;
  for (const [name, position] of positions) {
    if (isAhead(position, best?.position ?? own)) best = { name, position };
  }
  return best;
}
