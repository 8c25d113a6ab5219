import type { Periodic } from '../config.ts';
import { type Context, type Task, task } from '../context.ts';
import type { BroadcastQueue } from '../dissemination/broadcast-queue.ts';
import type { Outbox } from '../dissemination/outbox.ts';
import type { ClusterView } from '../members/cluster-view.ts';

/** What is done every so often, each only while there is cause for it: an idle cluster rests. */
export class PeriodicTasks<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #broadcasts: BroadcastQueue<Id>;
  readonly #outbox: Outbox<Id>;
  readonly #gossip: Task = task(() => this.#gossipDue());
  readonly #announce: Task = task(() => this.#announceDue());
  readonly #announceDown: Task = task(() => this.#announceDownDue());

  constructor(
    context: Context<Id>,
    view: ClusterView<Id>,
    broadcasts: BroadcastQueue<Id>,
    outbox: Outbox<Id>,
  ) {
    this.#context = context;
    this.#view = view;
    this.#broadcasts = broadcasts;
    this.#outbox = outbox;
  }

  /** Begins what there is cause for, while we take part. */
  settle(): void {
    const { config, self } = this.#context;
    if (self.state === 'active') {
      if (this.#hasNews) this.#begin(this.#gossip, config.gossip, 0);
      this.#begin(this.#announce, config.announce, 0.5);
    }
    // Alone is when it matters most: both halves of a cluster of two are.
    if (this.#view.table.failed.size > 0) this.#begin(this.#announceDown, config.announceDown, 0.5);
  }

  /** Nobody is there. */
  idle(): void {
    this.#context.timers.cancel(this.#gossip);
    this.#context.timers.cancel(this.#announce);
  }

  stop(): void {
    this.idle();
    this.#context.timers.cancel(this.#announceDown);
  }

  /** Sends what is queued to some members, now. */
  gossip(): void {
    const { config } = this.#context;
    const count = config.gossip?.members ?? config.indirectProbes;
    const only = this.#view.news.length === 0;
    const { table } = this.#view;
    const chosen = table.active.choose(
      count,
      (slot) => !only || this.#broadcasts.mayGoTo(table.id(slot)),
    );
    for (const slot of chosen) {
      if (!this.#hasNews) break;
      this.#outbox.send(table.id(slot), only ? { type: 'broadcast' } : { type: 'gossip' });
    }
  }

  get #hasNews(): boolean {
    return this.#view.news.length > 0 || this.#broadcasts.queue.length > 0;
  }

  #gossipDue(): void {
    if (this.#hasNews) this.gossip();
    if (this.#hasNews) this.#begin(this.#gossip, this.#context.config.gossip, 1);
  }

  #announceDue(): void {
    const { announce } = this.#context.config;
    this.#outbox.sendToSome(announce?.members ?? 0, { type: 'announce' });
    this.#begin(this.#announce, announce, 1);
  }

  /** Source: foca's `periodic_announce_to_down_members`; serf's reconnect. */
  #announceDownDue(): void {
    const { announceDown } = this.#context.config;
    const { failed } = this.#view.table;
    this.#outbox.sendToSome(announceDown?.members ?? 0, { type: 'announce' }, failed);
    if (failed.size > 0) this.#begin(this.#announceDown, announceDown, 1);
  }

  /**
   * Sets a task that is configured and not set: at a random time from `least` periods to one,
   * so that nodes do not march in step.
   */
  #begin(one: Task, periodic: Periodic | undefined, least: number): void {
    if (periodic === undefined || one.heapIndex >= 0) return;
    const { after, random } = this.#context;
    const share = least < 1 ? least + (1 - least) * random() : 1;
    after(one, periodic.interval * share);
  }
}
