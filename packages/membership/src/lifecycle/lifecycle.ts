import { type Context, takesPart } from '../context.ts';
import type { BroadcastQueue } from '../dissemination/broadcast-queue.ts';
import type { Outbox } from '../dissemination/outbox.ts';
import type { DefunctReason } from '../events.ts';
import type { ClusterView } from '../members/cluster-view.ts';
import { HelperDuty } from '../probing/indirect-probes.ts';
import { Prober } from '../probing/prober.ts';
import { Leave } from './leave.ts';
import { PeriodicTasks } from './periodic-tasks.ts';
import { Refutation } from './refutation.ts';

/** How we stand, from joining to leaving, and what we do of our own accord meanwhile. */
export class Lifecycle<Id> {
  readonly prober: Prober<Id>;
  readonly helper: HelperDuty<Id>;
  readonly refutation: Refutation<Id>;
  readonly periodic: PeriodicTasks<Id>;
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #outbox: Outbox<Id>;
  #leave: Leave<Id> | undefined;

  constructor(
    context: Context<Id>,
    view: ClusterView<Id>,
    broadcasts: BroadcastQueue<Id>,
    outbox: Outbox<Id>,
  ) {
    this.#context = context;
    this.#view = view;
    this.#outbox = outbox;
    this.prober = new Prober(context, view, outbox);
    this.helper = new HelperDuty(context, view, outbox);
    this.refutation = new Refutation(context, view, outbox, this);
    this.periodic = new PeriodicTasks(context, view, broadcasts, outbox);
  }

  /** Whether we are active follows from whether others are. */
  settle(): void {
    const { outputs, self } = this.#context;
    const { size } = this.#view.table.active;
    if (self.state === 'idle' && size > 0) {
      self.state = 'active';
      this.prober.start();
      outputs.push({ type: 'active' });
    } else if (self.state === 'active' && size === 0) {
      self.state = 'idle';
      this.prober.stop();
      this.periodic.idle();
      outputs.push({ type: 'idle' });
    }
  }

  /** We have another identity: all that was under way for the old one is void. */
  renewed(teller: Id | undefined): void {
    this.prober.void();
    this.helper.stop();
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
    const number = this.prober.nextNumber();
    this.#leave = new Leave(this.#context, this.#view, this.#outbox, number, () =>
      this.end('left'),
    );
    this.#leave.send();
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
    outputs.push({ type: 'defunct', reason });
  }

  /** Ends all that we do of our own accord. */
  #quiet(): void {
    this.prober.stop();
    this.helper.stop();
    this.refutation.stop();
    this.periodic.stop();
  }
}
