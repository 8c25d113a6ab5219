import { type Task, task } from '../context.ts';
import type { Machine } from '../machine.ts';
import { NONE } from '../members/address-book.ts';
import type { Slot } from '../members/member-rows.ts';

/** A helper owes nacks for at most this many probes; further ones get none. */
const MAX_NACKS = 64;
/** The share of the prober's remaining time after which a nack is sent. Lifeguard paper, IV-A. */
const NACK_AT = 0.8;

/** A nack that will be due unless the target answers. */
interface Nack<Id> extends Task {
  readonly prober: Id;
  readonly target: Id;
  readonly number: number;
}

/**
 * Probes that this member makes for others. If the target stays silent, a nack goes out shortly
 * before the prober's period ends, which tells the prober that the fault is not its own.
 */
export class IndirectProbes<Id> {
  readonly #machine: Machine<Id>;
  #nacks: Nack<Id>[] = [];

  constructor(machine: Machine<Id>) {
    this.#machine = machine;
  }

  /**
   * `prober` asks for a probe of `target`. If `target` is down or replaced, the prober is told so
   * instead. If nothing is known at its address, it is not probed: nobody can make this member send
   * packets to others than members.
   */
  onRequest(prober: Id, target: Id, number: number): void {
    const { codec, view, outbox } = this.#machine;
    const gone = this.#slotIfGone(target);
    if (gone !== NONE) {
      outbox.answer(prober, { type: 'gossip' }, view.codec.encodeAt(gone));
      return;
    }
    if (view.table.slotOf(target) === NONE) {
      if (codec.lifeguard) outbox.answer(prober, { type: 'nack', target, probeNumber: number });
      return;
    }
    const message = { type: 'indirectPing', origin: prober, probeNumber: number } as const;
    if (!outbox.answer(target, message)) return;
    if (codec.lifeguard && this.#nacks.length < MAX_NACKS) {
      this.#oweNack(prober, target, number);
    }
  }

  /** `target` answered the probe of `prober`. */
  onAck(target: Id, prober: Id, number: number): void {
    const { traits } = this.#machine;
    const message = { type: 'forwardedAck', origin: target, probeNumber: number } as const;
    this.#machine.outbox.answer(prober, message);
    const nack = this.#nacks.find(
      (one) =>
        one.number === number &&
        traits.equals(one.target, target) &&
        traits.equals(one.prober, prober),
    );
    if (nack) this.#remove(nack);
  }

  /** Cancels all nacks. */
  stop(): void {
    for (const nack of this.#nacks) this.#machine.timers.cancel(nack);
    this.#nacks = [];
  }

  /** The slot of `target` if it is down, or was replaced by another identity; else NONE. */
  #slotIfGone(target: Id): Slot {
    const { traits } = this.#machine;
    const { table } = this.#machine.view;
    const slot = table.slotOf(target);
    if (slot === NONE) return NONE;
    const id = table.id(slot);
    const gone = traits.equals(id, target) ? !table.isActive(slot) : traits.wins(id, target);
    return gone ? slot : NONE;
  }

  #oweNack(prober: Id, target: Id, number: number): void {
    const { after, config, outbox } = this.#machine;
    const send = task(() => {
      this.#remove(nack);
      outbox.send(prober, { type: 'nack', target, probeNumber: number });
    });
    const nack: Nack<Id> = { ...send, prober, target, number };
    this.#nacks.push(nack);
    const { probePeriod, probeTimeout } = config;
    after(nack, (probePeriod - probeTimeout) * NACK_AT);
  }

  #remove(nack: Nack<Id>): void {
    this.#machine.timers.cancel(nack);
    this.#nacks = this.#nacks.filter((one) => one !== nack);
  }
}
