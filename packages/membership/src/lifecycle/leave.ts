import type { Context } from '../context.ts';
import { task } from '../context.ts';
import type { Outbox } from '../dissemination/outbox.ts';
import { NONE } from '../members/address-book.ts';
import type { ClusterView } from '../members/cluster-view.ts';
import type { Slot } from '../members/member-rows.ts';

/** How often, per direct time-out, the goodbye goes to more members. */
const ROUNDS_PER_TIMEOUT = 2.5;
/** So many must know at the least, if there are as many. */
const LEAST_MEMBERS = 3;
/** A member that was sent so many goodbyes is not sent another. */
const LEAST_TRIES = 3;
/** In place of a number of tries: it knows. */
const HEARD = Number.POSITIVE_INFINITY;

/**
 * Saying goodbye: our own Down goes to random members as a ping, because a ping is answered,
 * and again until as many have answered as an update is sent to, or the time is up.
 */
export class Leave<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #outbox: Outbox<Id>;
  readonly #goodbye: Uint8Array;
  readonly #number: number;
  readonly #done: () => void;
  readonly #round = task(() => this.send());
  readonly #end: number;
  readonly #tries = new Map<Slot, number>();
  #heard = 0;

  /** `number` marks the pings; `done` is called once, when there is no more to do. */
  constructor(
    context: Context<Id>,
    view: ClusterView<Id>,
    outbox: Outbox<Id>,
    number: number,
    done: () => void,
  ) {
    this.#context = context;
    this.#view = view;
    this.#outbox = outbox;
    this.#number = number;
    this.#done = done;
    this.#end = context.clock.now + context.config.leaveTimeout;
    const { identity, incarnation } = context.self;
    this.#goodbye = view.codec.encode({ id: identity, incarnation, state: 'down', left: true });
  }

  /** How many members are enough. */
  get #enough(): number {
    const { indirectProbes } = this.#context.config;
    return Math.min(
      this.#view.table.active.size,
      Math.max(indirectProbes, this.#view.news.transmissions, LEAST_MEMBERS),
    );
  }

  /** A member that knows: it answered the ping, or told us that we are down. */
  onHeard(from: Id, number: number | undefined): void {
    const slot = this.#view.find(from);
    if (slot === NONE || (number !== undefined && number !== this.#number)) return;
    if (this.#triesOf(slot) === HEARD) return;
    this.#tries.set(slot, HEARD);
    if (++this.#heard >= this.#enough) this.#finish();
  }

  /** Says goodbye to some, now and every so often. */
  send(): void {
    const { clock, config, after } = this.#context;
    const { table } = this.#view;
    const most = Math.max(LEAST_TRIES, this.#view.news.transmissions);
    const chosen =
      clock.now < this.#end || this.#tries.size === 0
        ? table.active.choose(
            Math.max(config.indirectProbes, 1),
            (slot) => this.#triesOf(slot) < most,
          )
        : [];
    if (chosen.length === 0) {
      this.#finish();
      return;
    }
    for (const slot of chosen) {
      this.#tries.set(slot, this.#triesOf(slot) + 1);
      this.#outbox.send(table.id(slot), { type: 'ping', probeNumber: this.#number }, this.#goodbye);
    }
    after(this.#round, config.probeTimeout / ROUNDS_PER_TIMEOUT);
  }

  #triesOf(slot: Slot): number {
    return this.#tries.get(slot) ?? 0;
  }

  #finish(): void {
    this.#context.timers.cancel(this.#round);
    this.#done();
  }
}
