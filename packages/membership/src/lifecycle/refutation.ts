import type { Member } from '@shoal/wire';
import type { Context } from '../context.ts';
import { task } from '../context.ts';
import type { Outbox } from '../dissemination/outbox.ts';
import { SwimError } from '../errors.ts';
import type { DefunctReason } from '../events.ts';
import type { ClusterView } from '../members/cluster-view.ts';

/** What the machine does when its own standing changes. */
export interface SelfHooks<Id> {
  /** We have another identity; everything that was under way for the old one is void. */
  renewed(teller: Id | undefined): void;
  /** We are held to be down and cannot renew ourselves. */
  end(reason: DefunctReason): void;
}

/** Keeps us alive in the eyes of others: refutes suspicions, and comes back from the dead. */
export class Refutation<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #outbox: Outbox<Id>;
  readonly #hooks: SelfHooks<Id>;
  readonly #burst = task(() => this.#gossip());
  #nextBurst: number = Number.NEGATIVE_INFINITY;
  #nextOutdo: number = Number.NEGATIVE_INFINITY;

  constructor(
    context: Context<Id>,
    view: ClusterView<Id>,
    outbox: Outbox<Id>,
    hooks: SelfHooks<Id>,
  ) {
    this.#context = context;
    this.#view = view;
    this.#outbox = outbox;
    this.#hooks = hooks;
  }

  /**
   * News about our own address. `teller` is who sent it. What we answer goes to all by way of
   * the queue, and to some at once.
   */
  onNews(update: Member<Id>, teller: Id | undefined): void {
    const { traits, self } = this.#context;
    if (!traits.equals(update.id, self.identity)) {
      // Another identity of our address is either of the past, or shuts us out: others drop
      // all that we say while they know of it.
      if (traits.wins(update.id, self.identity)) this.#outdo(update.id, teller);
      else if (update.state !== 'down' && !this.#view.news.hasOurs) this.#view.news.addOurs();
      return;
    }
    if (update.state === 'down') this.die(undefined, teller);
    else if (update.state === 'suspect') this.#refute(update.incarnation, teller);
    // We have restarted under the same identity: to fall behind would be never to be heard.
    else if (update.incarnation > self.incarnation) self.incarnation = update.incarnation;
  }

  /** We are held to be down, or `rival` has taken our place: come back if we can. */
  die(rival: Id | undefined, teller: Id | undefined): void {
    const { traits, self, counters, outputs } = this.#context;
    const next = traits.renew(self.identity, rival);
    if (next === undefined || !this.#follows(next, rival) || !this.#tryBecome(next)) {
      this.#hooks.end('declaredDown');
      return;
    }
    counters.rejoins++;
    outputs.push({ type: 'rejoined', identity: next });
    this.#hooks.renewed(teller);
  }

  /** Takes another identity, and tells everyone. Throws `identity`, with nothing changed. */
  become(identity: Id): void {
    const { traits, self } = this.#context;
    this.#outbox.sendAs(identity);
    const address = traits.address(identity);
    if (address !== self.address) {
      this.#view.vacate(address);
      this.#sayMoved();
    }
    self.identity = identity;
    self.address = address;
    self.incarnation = 0;
    this.#view.news.addOurs();
    this.burst();
  }

  /**
   * Comes back past `rival`, but not at once again: should two nodes be set up with one address,
   * they outdo each other no more than once a probe period.
   */
  #outdo(rival: Id, teller: Id | undefined): void {
    const { clock, config } = this.#context;
    if (clock.now < this.#nextOutdo) return;
    this.#nextOutdo = clock.now + config.probePeriod;
    this.die(rival, teller);
  }

  /** Gossips now, or as soon as a probe period has gone by since the last time. */
  burst(): void {
    const { clock, timers } = this.#context;
    if (clock.now >= this.#nextBurst) this.#gossip();
    else if (this.#burst.heapIndex < 0) timers.schedule(this.#burst, this.#nextBurst);
  }

  /** Says nothing of us any more. */
  stop(): void {
    this.#context.timers.cancel(this.#burst);
    this.#view.news.removeOurs();
  }

  #follows(next: Id, rival: Id | undefined): boolean {
    const { traits, self } = this.#context;
    return (
      traits.address(next) === self.address &&
      !traits.equals(next, self.identity) &&
      traits.wins(next, self.identity) &&
      (rival === undefined || traits.wins(next, rival))
    );
  }

  /** We are about to have another address: there is nobody at the present one. */
  #sayMoved(): void {
    const { identity: id, incarnation } = this.#context.self;
    this.#view.apply({ id, incarnation, state: 'down', left: true }, true);
  }

  #tryBecome(identity: Id): boolean {
    try {
      this.become(identity);
      return true;
    } catch (error) {
      if (error instanceof SwimError) return false;
      throw error;
    }
  }

  #refute(suspected: number, teller: Id | undefined): void {
    const { self, codec, counters, health } = this.#context;
    if (suspected < self.incarnation) return;
    if (suspected >= codec.maxIncarnation) {
      this.die(undefined, teller);
      return;
    }
    counters.refutations++;
    health.change(1);
    self.incarnation = suspected + 1;
    this.#view.news.addOurs();
    this.burst();
  }

  #gossip(): void {
    const { clock, config } = this.#context;
    this.#nextBurst = clock.now + config.probePeriod;
    this.#outbox.sendToSome(config.indirectProbes, { type: 'gossip' });
  }
}
