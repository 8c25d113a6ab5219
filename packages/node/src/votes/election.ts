import { type Emitter, onAbort, pause, raceAbort } from '@shoal/async';
import { NodeError } from '../errors.ts';
import type { NodeEvent } from '../events.ts';
import type { Peers } from '../members/peers.ts';
import type { LogPosition } from './log-position.ts';
import type { VoteReply } from './vote-message.ts';

/** The waits between attempts to reach a voter, in ms: the first, doubled up to the last. */
const FIRST_RETRY = 100;
const LAST_RETRY = 2000;

/** What {@link holdElection} works with. */
export interface ElectionParts {
  readonly term: bigint;
  /** The names of the other voters. */
  readonly others: readonly string[];
  /** How many of them must grant their votes. */
  readonly needed: number;
  readonly peers: Peers;
  readonly events: Emitter<NodeEvent>;
  readonly random: () => number;
  /** Asks one voter that is an active member. */
  readonly ask: (name: string, signal: AbortSignal) => Promise<VoteReply>;
}

/** The votes of enough voters, with the ends of their logs; or a refusal and its reason. */
export type ElectionResult =
  | { readonly type: 'elected'; readonly positions: ReadonlyMap<string, LogPosition> }
  | { readonly type: 'refused'; readonly votedTerm: bigint };

/**
 * Asks all other voters for their votes until enough have granted them, or one has refused. Asks
 * a voter that cannot be reached again and again. Rejects with the signal's reason.
 */
export async function holdElection(
  parts: ElectionParts,
  signal: AbortSignal,
): Promise<ElectionResult> {
  const { term, others, needed, events } = parts;
  signal.throwIfAborted();
  const positions = new Map<string, LogPosition>();
  if (needed === 0) return { type: 'elected', positions };
  const over = new AbortController();
  const end = (): void => over.abort(new NodeError('closed', 'the election is over'));
  const cancelAbort = onAbort(signal, end);
  const result = new Promise<ElectionResult>((resolve) => {
    for (const name of others) {
      void askUntilAnswered(parts, name, over.signal).then((reply) => {
        if (reply === undefined || over.signal.aborted) return;
        if (!reply.granted) return resolve({ type: 'refused', votedTerm: reply.votedTerm });
        positions.set(name, reply.position);
        events.emit({ type: 'voteReceived', voter: name, term });
        if (positions.size === needed) resolve({ type: 'elected', positions });
      });
    }
  });
  try {
    return await raceAbort(result, signal);
  } finally {
    end();
    cancelAbort();
  }
}

/** Undefined once the signal has fired. Never rejects. */
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
        // Unreachable or busy: try again.
      }
    }
    await pause(wait * (0.5 + random() / 2), signal);
  }
  return undefined;
}
