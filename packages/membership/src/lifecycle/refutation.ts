import type { Member } from '@shoal/wire';
import { task } from '../context.ts';
import { SwimError } from '../errors.ts';
import type { DefunctReason } from '../events.ts';
import type { Machine } from '../machine.ts';

/** What the machine does when the standing of this member changes. */
export interface SelfHooks<Id> {
  /** This member has a new identity. `sender`: the member whose message caused it. */
  renewed(sender: Id | undefined): void;
  /** This member was declared down and cannot renew itself. */
  end(reason: DefunctReason): void;
}

/** Keeps this member alive in the view of others: refutes suspicions, and comes back from Down. */
export class Refutation<Id> {
  readonly #machine: Machine<Id>;
  readonly #hooks: SelfHooks<Id>;
  readonly #burst = task(() => this.#gossip());
  #nextBurst: number = Number.NEGATIVE_INFINITY;
  #nextRenewal: number = Number.NEGATIVE_INFINITY;

  constructor(machine: Machine<Id>, hooks: SelfHooks<Id>) {
    this.#machine = machine;
    this.#hooks = hooks;
  }

  /**
   * Answers an update about this member's own address. The answer spreads through the update
   * queue, and goes to some members at once. `sender`: the member that the update came from.
   */
  onUpdate(update: Member<Id>, sender: Id | undefined): void {
    const { traits, self } = this.#machine;
    const { updates } = this.#machine.view;
    if (!traits.equals(update.id, self.identity)) {
      // Another identity at this address is an old one, or it shuts this member out: members that
      // know of it drop everything that comes from the current one.
      if (traits.wins(update.id, self.identity)) this.#renewPast(update.id, sender);
      else if (update.state !== 'down' && !updates.hasSelf) updates.addSelf();
      return;
    }
    if (update.state === 'down') this.renew(undefined, sender);
    else if (update.state === 'suspect') this.#refute(update.incarnation, sender);
    // After a restart under the same identity, a lower incarnation would never be heard.
    else if (update.incarnation > self.incarnation) self.incarnation = update.incarnation;
  }

  /** This member was declared down, or `rival` took its address: comes back if it can. */
  renew(rival: Id | undefined, sender: Id | undefined): void {
    const { traits, self, counters, outputs } = this.#machine;
    const next = traits.renew(self.identity, rival);
    if (next === undefined || !this.#follows(next, rival) || !this.#tryBecome(next)) {
      this.#hooks.end('declaredDown');
      return;
    }
    counters.rejoins++;
    outputs.push({ type: 'rejoined', identity: next });
    this.#hooks.renewed(sender);
  }

  /** Takes another identity and tells everyone. Throws `identity`, with nothing changed. */
  become(identity: Id): void {
    const { traits, self, view, outbox } = this.#machine;
    outbox.sendAs(identity);
    const address = traits.address(identity);
    if (address !== self.address) {
      view.vacate(address);
      this.#leaveAddress();
    }
    self.identity = identity;
    self.address = address;
    self.incarnation = 0;
    view.updates.addSelf();
    this.burst();
  }

  /**
   * Renews this member past `rival`, at most once a probe period: two nodes configured with
   * one address by mistake must not outbid each other forever.
   */
  #renewPast(rival: Id, sender: Id | undefined): void {
    const { clock, config } = this.#machine;
    if (clock.now < this.#nextRenewal) return;
    this.#nextRenewal = clock.now + config.probePeriod;
    this.renew(rival, sender);
  }

  /** Gossips now, or one probe period after the last burst. */
  burst(): void {
    const { clock, timers } = this.#machine;
    if (clock.now >= this.#nextBurst) this.#gossip();
    else if (this.#burst.heapIndex < 0) timers.schedule(this.#burst, this.#nextBurst);
  }

  /** Stops spreading that this member is alive. */
  stop(): void {
    this.#machine.timers.cancel(this.#burst);
    this.#machine.view.updates.removeSelf();
  }

  /** Whether the other members will accept `next` in place of the current identity and `rival`. */
  #follows(next: Id, rival: Id | undefined): boolean {
    const { traits, self } = this.#machine;
    return (
      traits.address(next) === self.address &&
      !traits.equals(next, self.identity) &&
      traits.wins(next, self.identity) &&
      (rival === undefined || traits.wins(next, rival))
    );
  }

  /** Spreads that no member is at the present address any longer. */
  #leaveAddress(): void {
    const { identity: id, incarnation } = this.#machine.self;
    this.#machine.view.apply({ id, incarnation, state: 'down', left: true }, 'spread');
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

  /** Refutes a suspicion of the incarnation `suspected`. */
  #refute(suspected: number, sender: Id | undefined): void {
    const { self, codec, counters, health } = this.#machine;
    if (suspected < self.incarnation) return;
    if (suspected >= codec.maxIncarnation) {
      this.renew(undefined, sender);
      return;
    }
    counters.refutations++;
    health.change(1);
    self.incarnation = suspected + 1;
    this.#machine.view.updates.addSelf();
    this.burst();
  }

  #gossip(): void {
    const { clock, config } = this.#machine;
    this.#nextBurst = clock.now + config.probePeriod;
    this.#machine.outbox.sendToSome(config.indirectProbes, { type: 'gossip' });
  }
}
