import { SyncupError } from '@shoal/syncup';
import { labelTag } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';
import { sleep } from '../lock.ts';
import { collectVotes, furthest } from '../votes/collect-votes.ts';
import { nextTerm } from '../votes/term.ts';
import { isAhead, type VoteReply, type VoteRequest } from '../votes/vote-message.ts';
import { requestVote, SERVICES } from '../votes/vote-service.ts';
import { type Campaign, type CurrentRole, IDLE } from './current-role.ts';
import { Leader } from './leader.ts';

/** Between two ballots of one campaign, on average, in ms. */
const RETRY = 100;

/** Why a campaign, or the leadership that has come of it, is over: see what is to be done now. */
type Outcome = 'superseded' | 'failed';

/** Takes this node from being chosen to feeding. */
export class Candidate {
  readonly #stage: CurrentRole;
  readonly #over: (outcome: Outcome) => void;

  constructor(stage: CurrentRole, over: (outcome: Outcome) => void) {
    this.#stage = stage;
    this.#over = over;
  }

  /** From being chosen to feeding. Never rejects. */
  async run(campaign: Campaign): Promise<void> {
    const { signal } = campaign.stop;
    try {
      while (!signal.aborted) {
        if (await this.#attempt(campaign)) return;
        // Two that were chosen at once must not outdo each other for ever.
        await sleep(RETRY * (0.5 + this.#stage.parts.random()), signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      await this.#stage.lock.run(async () => {
        if (this.#stage.activity !== campaign) return;
        await this.#stage.change(IDLE);
        this.#stage.fail(error);
        this.#over('failed');
      });
    }
  }

  /** One ballot, in one term. True when the campaign is over. */
  async #attempt(campaign: Campaign): Promise<boolean> {
    const { votes, events, peers, random, name, voters, marks } = this.#stage.parts;
    const { signal } = campaign.stop;
    const term = await this.#stage.lock.run(async () => {
      const next = nextTerm(campaign.epoch, this.#stage.highestTerm);
      if (signal.aborted || next === undefined) return undefined;
      await votes.raise(next);
      this.#stage.publish();
      return next;
    });
    if (term === undefined) {
      // Somebody else is ahead: wait until another choice is made.
      await this.#stage.lock.run(async () => {
        if (this.#stage.activity === campaign) await this.#stage.change(IDLE);
      });
      this.#over('superseded');
      return true;
    }
    events.emit('campaign', { term });
    const others = voters.filter((voter) => voter !== name);
    const needed = Math.floor(voters.length / 2);
    const ask = (voter: string, stop: AbortSignal): Promise<VoteReply> =>
      this.#ask(voter, term, stop);
    const parts = { term, others, needed, peers, events, random, ask };
    const ballot = await collectVotes(parts, signal);
    if (ballot.type === 'refused') {
      this.#stage.noteTerm(ballot.votedTerm);
      return false;
    }
    const source = furthest(ballot.positions, marks.position);
    if (source !== undefined) {
      if (source.position.term >= term) {
        throw new NodeError('protocol', `${source.name} holds entries of a term not yet led in`);
      }
      await this.#catchUp(campaign, term, source.name, source.position.last);
      if (isAhead(source.position, marks.position)) return false;
    }
    return this.#lead(campaign, term);
  }

  async #ask(voter: string, term: bigint, signal: AbortSignal): Promise<VoteReply> {
    const { peers, addressOf, streams, label, name: candidate, options } = this.#stage.parts;
    const peer = peers.named(voter);
    const address = peer && addressOf(peer);
    if (address === undefined) throw new NodeError('protocol', `${voter} cannot be dialled`);
    const request: VoteRequest = {
      type: 'request',
      label: labelTag(label),
      term,
      candidate,
      voter,
    };
    return requestVote(streams, address, request, options.stepTimeout ?? 30_000, signal);
  }

  /** Takes over what a voter holds that is ahead; it stands still for this node. */
  async #catchUp(campaign: Campaign, term: bigint, source: string, last: bigint): Promise<void> {
    const { signal } = campaign.stop;
    const following = await this.#stage.lock.run(async () => {
      if (signal.aborted) throw signal.reason;
      campaign.catchingUp = this.#stage.follow(source, term, SERVICES.source, true);
      return campaign.catchingUp;
    });
    try {
      await following.applied(last, { signal });
    } catch (error) {
      const stopped = error instanceof SyncupError && error.code === 'closed';
      if (!stopped || signal.aborted) throw error;
    } finally {
      await this.#stage.lock.run(async () => {
        campaign.catchingUp = undefined;
        await following.stop();
      });
    }
  }

  /** Begins to feed, if nothing has come in between. True when the campaign is over. */
  async #lead(campaign: Campaign, term: bigint): Promise<boolean> {
    const { votes } = this.#stage.parts;
    return this.#stage.lock.run(async () => {
      if (campaign.stop.signal.aborted || votes.votedTerm !== term) return true;
      await this.#cutUnfinished();
      const { log, marks, kinds, label, voters, name, options } = this.#stage.parts;
      const leading = await Leader.begin({
        log,
        marks,
        kinds,
        term,
        label,
        voters,
        name,
        options,
        onStale: (known) => {
          this.#stage.noteTerm(known);
          this.#over('superseded');
        },
        onFailure: (error) => {
          this.#stage.fail(error);
          this.#over('failed');
        },
      });
      await this.#stage.change(leading);
      return true;
    });
  }

  /** A batch that was not received whole was never acknowledged: it is undone. */
  async #cutUnfinished(): Promise<void> {
    const { log, marks, callbacks, events, name } = this.#stage.parts;
    const { first, last, lastSync } = log.range;
    if (last === lastSync || (lastSync === 0n && first > 1n)) return;
    const discarded = await log.rollback(lastSync, 'a batch without its end');
    await marks.rolledBack(lastSync);
    const rollback = { matchpoint: lastSync, discarded, transactions: 0, leader: name };
    await callbacks.onRollback?.(rollback);
    events.emit('rollback', rollback);
  }
}
