import type { Member, Message } from '@shoal/wire';
import { reject, takesPart } from '../context.ts';
import { SwimError } from '../errors.ts';
import type { DefunctReason } from '../events.ts';
import type { Machine } from '../machine.ts';
import { NONE } from '../members/address-book.ts';
import { Challenges } from '../members/challenges.ts';
import type { Spread, Standing } from '../members/cluster-view.ts';
import { IndirectProbes } from '../probing/indirect-probes.ts';
import { Prober } from '../probing/prober.ts';
import { Leave } from './leave.ts';
import { PeriodicTasks } from './periodic-tasks.ts';
import { Refutation } from './refutation.ts';

/**
 * This member's part in the cluster, from joining to leaving: how it takes in updates and answers
 * messages, and what it does on its own initiative meanwhile.
 */
export class Lifecycle<Id> {
  readonly #machine: Machine<Id>;
  readonly #prober: Prober<Id>;
  readonly #indirectProbes: IndirectProbes<Id>;
  readonly #refutation: Refutation<Id>;
  readonly #periodic: PeriodicTasks<Id>;
  readonly #challenges: Challenges<Id>;
  #leave: Leave<Id> | undefined;

  constructor(machine: Machine<Id>) {
    this.#machine = machine;
    this.#prober = new Prober(machine);
    this.#indirectProbes = new IndirectProbes(machine);
    this.#refutation = new Refutation(machine, this);
    this.#periodic = new PeriodicTasks(machine);
    this.#challenges = new Challenges(machine);
  }

  /** Takes in an update about any address. `sender`: the member that it came from, if any. */
  update(update: Member<Id>, sender: Id | undefined, spread: Spread): void {
    const { traits, self } = this.#machine;
    if (traits.address(update.id) !== self.address) this.#machine.view.apply(update, spread);
    else if (takesPart(self)) this.#refutation.onUpdate(update, sender);
  }

  /** Takes in the first `count` updates of a packet. */
  updateAll(updates: readonly Member<Id>[], count: number, sender: Id): void {
    this.#machine.view.applyAll(updates, count, (update) => this.update(update, sender, 'spread'));
  }

  /** The sender of a packet is at least alive. Returns its standing. */
  senderIsAlive(id: Id, incarnation: number): Standing {
    return this.#machine.view.apply({ id, incarnation, state: 'alive' }, 'spread');
  }

  /** Whether an identity is unknown, and wins over the one at its address if there is one. */
  isStranger(id: Id): boolean {
    const { view, traits } = this.#machine;
    const slot = view.table.slotOf(id);
    return slot === NONE || traits.wins(id, view.table.id(slot));
  }

  /** Asks who announced itself to prove that it receives packets at its address. */
  challenge(id: Id): void {
    const probeNumber = this.#challenges.begin(id);
    this.#machine.outbox.answer(id, { type: 'ping', probeNumber });
  }

  /** Whether an ack of `id` answers its challenge. Call {@link welcome} then. */
  proves(id: Id, message: Message<Id>): boolean {
    return message.type === 'ack' && this.#challenges.end(id, message.probeNumber);
  }

  /** Tells a member that wants to know who the others are, and has proved its address. */
  welcome(id: Id): void {
    const { view } = this.#machine;
    view.table.prove(view.find(id));
    this.#feed(id);
  }

  /** A newcomer may not know the others yet; any other member gets a sample, to heal what is amiss. */
  #feed(id: Id): void {
    this.#machine.outbox.feed(id, this.#machine.view.isNewcomer(id) ? 'whole' : 'sample');
  }

  /** Takes in a custom broadcast. Reports it as rejected if the handler throws. */
  takeBroadcast(bytes: Uint8Array, sender: Id): void {
    try {
      this.#machine.broadcasts.receive(bytes, sender);
    } catch (error) {
      if (!(error instanceof SwimError)) throw error;
      reject(this.#machine, error, bytes.slice());
    }
  }

  /** Answers a message from an active member. */
  onMessage(sender: Id, message: Message<Id>): void {
    const { outbox } = this.#machine;
    switch (message.type) {
      case 'ping':
        outbox.answer(sender, { type: 'ack', probeNumber: message.probeNumber });
        break;
      case 'ack':
        // While leaving it answers a goodbye, else a probe. The other one ignores it.
        this.#leave?.onHeard(sender, message.probeNumber);
        this.#prober.onAck(sender, message.probeNumber);
        break;
      case 'pingReq':
        this.#indirectProbes.onRequest(sender, message.target, message.probeNumber);
        break;
      case 'indirectPing': {
        const { origin: target, probeNumber } = message;
        outbox.answer(sender, { type: 'indirectAck', target, probeNumber });
        break;
      }
      case 'indirectAck':
        this.#indirectProbes.onAck(sender, message.target, message.probeNumber);
        break;
      case 'forwardedAck':
        this.#prober.onForwardedAck(sender, message.origin, message.probeNumber);
        break;
      case 'nack':
        this.#prober.onNack(sender, message.target, message.probeNumber);
        break;
      case 'announce':
        if (this.#machine.view.isProved(sender)) this.#feed(sender);
        else this.challenge(sender);
        break;
      case 'turnUndead':
        this.#onTurnUndead(sender);
        break;
      case 'feed':
      case 'gossip':
      case 'broadcast':
        break;
    }
  }

  /**
   * Answers a packet from a member that is down or was replaced: its updates are ignored, and it is
   * told so. A replaced member learns the identity that replaced it, so that it can take a higher
   * one. A TurnUndead is obeyed all the same, but answered only with a new identity: two members
   * that hold each other down both come back, and the exchange ends.
   */
  onInactive(sender: Id, message: Message<Id>, standing: 'down' | 'superseded'): void {
    const { config, self, view, outbox } = this.#machine;
    if (message.type === 'turnUndead') this.#onTurnUndead(sender);
    if (!takesPart(self) || !config.notifyDown) return;
    const winner = standing === 'superseded' ? view.table.slotOf(sender) : NONE;
    if (winner !== NONE) outbox.answer(sender, { type: 'gossip' }, view.codec.encodeAt(winner));
    outbox.answer(sender, { type: 'turnUndead' });
  }

  /** `sender` holds this member down. While it is leaving, that is the aim; else it comes back. */
  #onTurnUndead(sender: Id): void {
    const { self } = this.#machine;
    if (self.state === 'leaving') this.#leave?.onHeard(sender, undefined);
    else if (takesPart(self)) this.#refutation.renew(undefined, sender);
  }

  /** `target` answered a probe over a stream. Returns false if the probe is over. */
  probeAnswered(target: Id, probeNumber: number): boolean {
    return this.#prober.onAnswerByStream(target, probeNumber);
  }

  /** Cancels the probe under way: it will have no outcome. */
  cancelProbe(): void {
    this.#prober.cancel();
  }

  /** Sends what is queued to some random members now. */
  gossip(): void {
    this.#periodic.gossip();
  }

  /** Takes another identity and tells everyone. Throws `identity`, with nothing changed. */
  become(identity: Id): void {
    this.#refutation.become(identity);
    this.#prober.cancel();
    const { self } = this.#machine;
    if (self.state === 'defunct') self.state = 'idle';
  }

  /** Sets the state by whether others are active. */
  settle(): void {
    const { outputs, self } = this.#machine;
    const { size } = this.#machine.view.table.active;
    if (self.state === 'idle' && size > 0) {
      self.state = 'active';
      this.#prober.start();
      outputs.push({ type: 'active' });
    } else if (self.state === 'active' && size === 0) {
      self.state = 'idle';
      this.#prober.stop();
      this.#periodic.idle();
      outputs.push({ type: 'idle' });
    }
  }

  /** As {@link settle}, and starts the periodic tasks that there is a reason for. */
  settleAll(): void {
    this.settle();
    if (takesPart(this.#machine.self)) this.#periodic.settle();
  }

  /** This member has a new identity. What was under way for the old one no longer counts. */
  renewed(sender: Id | undefined): void {
    const { view, outbox } = this.#machine;
    this.#prober.cancel();
    this.#indirectProbes.stop();
    view.suspicions.restart(view.size);
    // If all members are down in this view, the burst has reached nobody.
    if (sender !== undefined && view.table.active.size === 0) {
      outbox.send(sender, { type: 'announce' });
    }
  }

  /** Begins to say goodbye, if this member takes part. */
  leave(): void {
    const { self } = this.#machine;
    if (!takesPart(self)) return;
    this.#stop();
    self.state = 'leaving';
    this.#leave = new Leave(this.#machine, {
      number: this.#prober.nextNumber(),
      onDone: () => this.end('left'),
    });
    this.#leave.send();
  }

  /** This member is out of the cluster. */
  end(reason: DefunctReason): void {
    const { self, outputs } = this.#machine;
    this.#stop();
    this.#leave = undefined;
    self.state = 'defunct';
    this.#machine.view.suspicions.drop();
    outputs.push({ type: 'defunct', reason });
  }

  /** Stops everything that this member does on its own initiative. */
  #stop(): void {
    this.#prober.stop();
    this.#indirectProbes.stop();
    this.#refutation.stop();
    this.#periodic.stop();
  }
}
