import { SyncupError } from '@shoal/syncup';
import { labelTag } from '@shoal/wire/internal';
import { collectPromises, furthest } from './campaign.ts';
import { NodeError } from './errors.ts';
import { Leading } from './leading.ts';
import { sleep } from './lock.ts';
import { isAhead, type PromiseReply, type PromiseRequest } from './promise-message.ts';
import { askForPromise, SERVICES } from './promise-service.ts';
import { type Campaign, IDLE, type Stage } from './stage.ts';
import { nextTerm } from './term.ts';

/** Between two ballots of one campaign, on average, in ms. */
const RETRY = 100;

/** Why a campaign, or the leadership that has come of it, is over: see what is to be done now. */
type Outcome = 'outdone' | 'failed';

/** Takes this node from being chosen to feeding. */
export class Campaigner {
  readonly #stage: Stage;
  readonly #over: (outcome: Outcome) => void;

  constructor(stage: Stage, over: (outcome: Outcome) => void) {
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
    const { guard, events, peers, random, name, voters, marks } = this.#stage.parts;
    const { signal } = campaign.stop;
    const term = await this.#stage.lock.run(async () => {
      const next = nextTerm(campaign.epoch, this.#stage.promised);
      if (signal.aborted || next === undefined) return undefined;
      await guard.raise(next);
      this.#stage.publish();
      return next;
    });
    if (term === undefined) {
      // Somebody else is ahead: wait until another choice is made.
      await this.#stage.lock.run(async () => {
        if (this.#stage.activity === campaign) await this.#stage.change(IDLE);
      });
      this.#over('outdone');
      return true;
    }
    events.emit('campaign', { term });
    const others = voters.filter((voter) => voter !== name);
    const needed = Math.floor(voters.length / 2);
    const ask = (voter: string, stop: AbortSignal): Promise<PromiseReply> =>
      this.#ask(voter, term, stop);
    const parts = { term, others, needed, peers, events, random, ask };
    const ballot = await collectPromises(parts, signal);
    if (ballot.type === 'refused') {
      this.#stage.outdo(ballot.promised);
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

  async #ask(voter: string, term: bigint, signal: AbortSignal): Promise<PromiseReply> {
    const { peers, addressOf, streams, label, name: candidate, options } = this.#stage.parts;
    const peer = peers.named(voter);
    const address = peer && addressOf(peer);
    if (address === undefined) throw new NodeError('protocol', `${voter} cannot be dialled`);
    const request: PromiseRequest = {
      type: 'request',
      label: labelTag(label),
      term,
      candidate,
      voter,
    };
    return askForPromise(streams, address, request, options.stepTimeout ?? 30_000, signal);
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
    const { guard } = this.#stage.parts;
    return this.#stage.lock.run(async () => {
      if (campaign.stop.signal.aborted || guard.promised !== term) return true;
      await this.#cutUnfinished();
      const { log, marks, kinds, label, voters, name, options } = this.#stage.parts;
      const leading = await Leading.begin({
        log,
        marks,
        kinds,
        term,
        label,
        voters,
        name,
        options,
        onStale: (known) => {
          this.#stage.outdo(known);
          this.#over('outdone');
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
    const rollback = { matchpoint: lastSync, discarded, transactions: 0, feeder: name };
    await callbacks.onRollback?.(rollback);
    events.emit('rollback', rollback);
  }
}
