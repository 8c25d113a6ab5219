import { toError } from '@shoal/async';
import type { Feeder } from '@shoal/syncup/driver';
import type { Connection } from '@shoal/transport';
import { labelTag } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';
import { formatTerm } from '../votes/term.ts';
import type { VoteReply, VoteRequest } from '../votes/vote-message.ts';
import { serveVote } from '../votes/vote-service.ts';
import { type CurrentRole, IDLE, type RoleState } from './current-role.ts';
import { feedLog } from './log-feeder.ts';
import { DEFAULT_STEP_TIMEOUT } from './replication-parts.ts';

/** This node after it has voted, while it waits for the candidate to lead. */
export class Voted implements RoleState {
  readonly role = 'member';
  readonly term = 0n;
  readonly leader = undefined;
  /** Serves the log to the candidate, in case it is behind. */
  readonly source: Feeder;

  constructor(source: Feeder) {
    this.source = source;
  }

  stop(): Promise<void> {
    return this.source.close();
  }
}

/** What a {@link Voter} is given. */
export interface VoterOptions {
  /** Fires when replication ends. */
  readonly closing: AbortSignal;
  /** Called after each vote that this node has granted. */
  readonly onGranted: () => void;
}

/** This node as a voter: decides about requests for its vote. */
export class Voter {
  readonly #current: CurrentRole;
  readonly #options: VoterOptions;

  constructor(current: CurrentRole, options: VoterOptions) {
    this.#current = current;
    this.#options = options;
  }

  /** Answers the request of a candidate. */
  serve(connection: Connection): void {
    const { stepTimeout: timeout = DEFAULT_STEP_TIMEOUT } = this.#current.parts.options;
    const { closing: signal } = this.#options;
    const decide = (request: VoteRequest): Promise<VoteReply> => this.#decide(request, connection);
    void serveVote(connection, decide, { timeout, signal });
  }

  /**
   * Whether the candidate is a voter does not matter: it may know of a change of the voters that
   * this node does not. Rejects with `protocol` for a request that is meant for another cluster or
   * voter, with `untrusted` for a candidate that is not who it says, or with `impossible-term`.
   */
  async #decide(
    { term, label, candidate, voter }: VoteRequest,
    { peer, remoteAddress: address }: Connection,
  ): Promise<VoteReply> {
    const { name, label: ownLabel } = this.#current.parts;
    if (label !== labelTag(ownLabel)) {
      throw new NodeError('protocol', `the vote request of ${candidate} is of another cluster`);
    }
    if (voter !== name) {
      const text = `the vote request of ${candidate} is for ${voter}, but this is ${name}`;
      throw new NodeError('protocol', text);
    }
    this.#current.admit({ name: candidate, address, peer, term, vouch: () => {} });
    return this.#current.queue.run(async () => {
      this.#options.closing.throwIfAborted();
      const granted = term > this.#current.parts.votes.votedTerm;
      if (granted) await this.#grant(candidate, term);
      const { votes, marks } = this.#current.parts;
      const { votedTerm } = votes;
      return { type: 'reply', granted, votedTerm, position: marks.position, voter: name };
    });
  }

  /**
   * Resolves once the vote is on stable storage and the log is at rest. A vote that cannot be stored
   * is not granted: the node reports `failed`, and the candidate gets no reply.
   */
  async #grant(candidate: string, term: bigint): Promise<void> {
    const { votes, events } = this.#current.parts;
    // In effect at once: nothing of a lower term is accepted from here on.
    const raising = votes.raise(term);
    raising.catch(() => undefined);
    const text = `this node has voted for ${candidate} in term ${formatTerm(term)}`;
    await this.#current.change(IDLE, new NodeError('fenced', text));
    try {
      await raising;
    } catch (cause) {
      const failure = `could not store its vote for ${candidate}: ${toError(cause).message}`;
      const error = new NodeError('log', `${this.#current.parts.name} ${failure}`, { cause });
      this.#current.fail(error);
      throw error;
    }
    // The log stays as it is until a leader of this term or a later one changes it.
    const source = feedLog(this.#current.parts, {
      term,
      admit: (replica) => {
        if (replica.name !== candidate) {
          throw new NodeError('protocol', `this vote is for ${candidate}, not for ${replica.name}`);
        }
        this.#current.admit(replica);
      },
    });
    await this.#current.change(new Voted(source));
    events.emit({ type: 'voteGranted', candidate, term });
    this.#options.onGranted();
  }
}
