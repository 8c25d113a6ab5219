import type { Context, Task } from '../context.ts';
import { task } from '../context.ts';
import type { Outbox } from '../dissemination/outbox.ts';
import { NONE } from '../members/address-book.ts';
import type { ClusterView } from '../members/cluster-view.ts';
import type { Slot } from '../members/member-rows.ts';

/** A helper owes nacks for this many probes at the most; to further ones it owes none. */
const MAX_DUTIES = 64;
/** Source: the Lifeguard paper, section IV-A: a nack is sent at 80 % of the time there is. */
const NACK_AT = 0.8;

/** A nack that will be due. */
interface Duty<Id> extends Task {
  readonly prober: Id;
  readonly target: Id;
  readonly number: number;
}

/**
 * The probes that others asked us to make for them. If the target is silent, we send a nack
 * shortly before the prober's period ends, so that it knows that it is not at fault itself.
 */
export class HelperDuty<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #outbox: Outbox<Id>;
  #duties: Duty<Id>[] = [];

  constructor(context: Context<Id>, view: ClusterView<Id>, outbox: Outbox<Id>) {
    this.#context = context;
    this.#view = view;
    this.#outbox = outbox;
  }

  /** `prober` asks us to probe `target`; if we know better than to try, we tell it why. */
  accept(prober: Id, target: Id, number: number): void {
    const end = this.#endOf(target);
    if (end !== NONE) {
      this.#outbox.send(prober, { type: 'gossip' }, this.#view.codec.encodeAt(end));
      return;
    }
    const message = { type: 'indirectPing', origin: prober, probeNumber: number } as const;
    if (!this.#outbox.send(target, message)) return;
    if (this.#context.codec.lifeguard && this.#duties.length < MAX_DUTIES) {
      this.#oweNack(prober, target, number);
    }
  }

  /** `target` answers a probe of `prober`'s. */
  fulfil(target: Id, prober: Id, number: number): void {
    const { traits } = this.#context;
    this.#outbox.send(prober, { type: 'forwardedAck', origin: target, probeNumber: number });
    const duty = this.#duties.find(
      (one) =>
        one.number === number &&
        traits.equals(one.target, target) &&
        traits.equals(one.prober, prober),
    );
    if (duty) this.#end(duty);
  }

  /** Forgets all. */
  stop(): void {
    for (const duty of this.#duties) this.#context.timers.cancel(duty);
    this.#duties = [];
  }

  /** The slot of `target`, if it is down, or has become another. */
  #endOf(target: Id): Slot {
    const { traits } = this.#context;
    const { table } = this.#view;
    const slot = table.slotOf(target);
    if (slot === NONE) return NONE;
    const id = table.id(slot);
    const over = traits.equals(id, target) ? !table.isActive(slot) : traits.wins(id, target);
    return over ? slot : NONE;
  }

  #oweNack(prober: Id, target: Id, number: number): void {
    const nack = task(() => {
      this.#end(duty);
      this.#outbox.send(prober, { type: 'nack', target, probeNumber: number });
    });
    const duty: Duty<Id> = { ...nack, prober, target, number };
    this.#duties.push(duty);
    const { probePeriod, probeTimeout } = this.#context.config;
    this.#context.after(duty, (probePeriod - probeTimeout) * NACK_AT);
  }

  #end(duty: Duty<Id>): void {
    this.#context.timers.cancel(duty);
    this.#duties = this.#duties.filter((one) => one !== duty);
  }
}
