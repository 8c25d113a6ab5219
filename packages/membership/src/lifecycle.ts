import type { ClusterView } from './cluster-view.ts';
import { type Context, takesPart } from './context.ts';
import type { DefunctReason } from './events.ts';
import type { HelperDuty } from './helper-duty.ts';
import { Leave } from './leave.ts';
import type { Outbox } from './outbox.ts';
import type { PeriodicTasks } from './periodic.ts';
import type { Prober } from './probe.ts';
import type { Refutation } from './refutation.ts';

/** What we do of our own accord. */
export interface Activities<Id> {
  readonly prober: Prober<Id>;
  readonly helper: HelperDuty<Id>;
  readonly refutation: Refutation<Id>;
  readonly periodic: PeriodicTasks<Id>;
}

/** How we stand, from joining to leaving, and what begins and ends with that. */
export class Lifecycle<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #outbox: Outbox<Id>;
  readonly #activities: Activities<Id>;
  #leave: Leave<Id> | undefined;

  constructor(
    context: Context<Id>,
    view: ClusterView<Id>,
    outbox: Outbox<Id>,
    activities: Activities<Id>,
  ) {
    this.#context = context;
    this.#view = view;
    this.#outbox = outbox;
    this.#activities = activities;
  }

  /** Whether we are active follows from whether others are. */
  settle(): void {
    const { outputs, self } = this.#context;
    const { prober, periodic } = this.#activities;
    const { size } = this.#view.table.active;
    if (self.state === 'idle' && size > 0) {
      self.state = 'active';
      prober.start();
      outputs.emit({ type: 'active' });
    } else if (self.state === 'active' && size === 0) {
      self.state = 'idle';
      prober.stop();
      periodic.idle();
      outputs.emit({ type: 'idle' });
    }
  }

  /** We have another identity: all that was under way for the old one is void. */
  renewed(teller: Id | undefined): void {
    const { prober, helper } = this.#activities;
    prober.void();
    helper.stop();
    this.#view.suspicions.restart(this.#view.size);
    // Those we know may all be down to us, so that the burst has reached nobody.
    if (teller !== undefined && this.#view.table.active.size === 0) {
      this.#outbox.send(teller, { type: 'announce' });
    }
  }

  leave(): void {
    const { self } = this.#context;
    if (!takesPart(self)) return;
    this.#quiet();
    self.state = 'leaving';
    const number = this.#activities.prober.nextNumber();
    this.#leave = new Leave(this.#context, this.#view, this.#outbox, number, () =>
      this.end('left'),
    );
    this.#leave.start();
  }

  /** A member knows that we are leaving; it answered the ping of this number, or told us. */
  goodbyeHeard(from: Id, number: number | undefined): void {
    this.#leave?.onHeard(from, number);
  }

  /** We take no part any more. */
  end(reason: DefunctReason): void {
    const { self, outputs } = this.#context;
    this.#quiet();
    this.#leave = undefined;
    self.state = 'defunct';
    this.#view.suspicions.drop();
    outputs.emit({ type: 'defunct', reason });
  }

  /** Ends all that we do of our own accord. */
  #quiet(): void {
    const { prober, helper, refutation, periodic } = this.#activities;
    prober.stop();
    helper.stop();
    refutation.stop();
    periodic.stop();
  }
}
