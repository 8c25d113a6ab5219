import { task } from '../context.ts';
import type { Machine } from '../machine.ts';
import { NONE } from '../members/address-book.ts';
import type { Slot } from '../members/member-rows.ts';

/** How many rounds of goodbyes there are in one `probeTimeout`. */
const ROUNDS_PER_TIMEOUT = 2.5;
/** At least this many members must know, if there are as many. */
const LEAST_MEMBERS = 3;
/** Each member is sent at least this many goodbyes before it is given up. */
const LEAST_TRIES = 3;
/** Stands for the number of goodbyes to a member that knows. */
const HEARD = Number.POSITIVE_INFINITY;

/** What a {@link Leave} is made of. */
export interface LeaveOptions {
  /** The number of its pings. */
  readonly number: number;
  /** Called once, when there is nothing more to do. */
  readonly onDone: () => void;
}

/**
 * Says goodbye: sends this member's own Down to random members in pings, because pings are
 * answered, until as many have answered as an update is sent to, or `leaveTimeout` has passed.
 */
export class Leave<Id> {
  readonly #machine: Machine<Id>;
  readonly #options: LeaveOptions;
  readonly #goodbye: Uint8Array;
  readonly #round = task(() => this.send());
  readonly #end: number;
  /** How many goodbyes were sent to each member. */
  readonly #tries = new Map<Slot, number>();
  #heard = 0;

  constructor(machine: Machine<Id>, options: LeaveOptions) {
    const { clock, config, self, view } = machine;
    this.#machine = machine;
    this.#options = options;
    this.#end = clock.now + config.leaveTimeout;
    const { identity: id, incarnation } = self;
    this.#goodbye = view.codec.encode({ id, incarnation, state: 'down', left: true });
  }

  /** How many members must know. */
  get #enough(): number {
    const { config, view } = this.#machine;
    return Math.min(
      view.table.active.size,
      Math.max(config.indirectProbes, view.updates.transmissions, LEAST_MEMBERS),
    );
  }

  /**
   * `from` knows that this member leaves: it answered the ping of this number or, with no number,
   * sent a message that says so.
   */
  onHeard(from: Id, number: number | undefined): void {
    const slot = this.#machine.view.find(from);
    if (slot === NONE || (number !== undefined && number !== this.#options.number)) return;
    if (this.#triesOf(slot) === HEARD) return;
    this.#tries.set(slot, HEARD);
    if (++this.#heard >= this.#enough) this.#finish();
  }

  /** Sends one round of goodbyes, and schedules the next. */
  send(): void {
    const { after, config, view, outbox } = this.#machine;
    const chosen = this.#choose();
    if (chosen.length === 0) {
      this.#finish();
      return;
    }
    const ping = { type: 'ping', probeNumber: this.#options.number } as const;
    for (const slot of chosen) {
      this.#tries.set(slot, this.#triesOf(slot) + 1);
      outbox.send(view.table.id(slot), ping, this.#goodbye);
    }
    after(this.#round, config.probeTimeout / ROUNDS_PER_TIMEOUT);
  }

  /** The members of the next round; none once the time is up. */
  #choose(): Slot[] {
    const { clock, config, view } = this.#machine;
    if (clock.now >= this.#end && this.#tries.size > 0) return [];
    const most = Math.max(LEAST_TRIES, view.updates.transmissions);
    const count = Math.max(config.indirectProbes, 1);
    return view.table.peers.choose(count, (slot) => this.#triesOf(slot) < most);
  }

  #triesOf(slot: Slot): number {
    return this.#tries.get(slot) ?? 0;
  }

  #finish(): void {
    this.#machine.timers.cancel(this.#round);
    this.#options.onDone();
  }
}
