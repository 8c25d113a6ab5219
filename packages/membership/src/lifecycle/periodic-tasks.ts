import type { SwimConfig } from '../config.ts';
import { type Task, task } from '../context.ts';
import type { Machine } from '../machine.ts';

/** Gossip and announces. Each runs only while there is a reason for it, so an idle cluster rests. */
export class PeriodicTasks<Id> {
  readonly #machine: Machine<Id>;
  readonly #gossip: Task = task(() => this.#onGossipDue());
  readonly #announce: Task = task(() => this.#onAnnounceDue());
  readonly #announceDown: Task = task(() => this.#onAnnounceDownDue());

  constructor(machine: Machine<Id>) {
    this.#machine = machine;
  }

  /** Starts the tasks that there is a reason for. Call it only while this member takes part. */
  settle(): void {
    const { config, self } = this.#machine;
    if (self.state === 'active') {
      if (this.#hasQueued) this.#schedule(this.#gossip, config.gossip, 0);
      this.#schedule(this.#announce, config.announce, 0.5);
    }
    // Even while alone, as both halves of a split cluster of two are.
    if (this.#machine.view.table.failed.size > 0) {
      this.#schedule(this.#announceDown, config.announceDown, 0.5);
    }
  }

  /** Stops what needs other active members. */
  idle(): void {
    const { timers } = this.#machine;
    timers.cancel(this.#gossip);
    timers.cancel(this.#announce);
  }

  stop(): void {
    this.idle();
    this.#machine.timers.cancel(this.#announceDown);
  }

  /** Sends what is queued to some random members now. */
  gossip(): void {
    const { config, view, broadcasts, outbox } = this.#machine;
    const count = config.gossip?.members ?? config.indirectProbes;
    const onlyBroadcasts = view.updates.length === 0;
    const { table } = view;
    const chosen = table.active.choose(
      count,
      (slot) => !onlyBroadcasts || broadcasts.mayGoTo(table.id(slot)),
    );
    for (const slot of chosen) {
      if (!this.#hasQueued) break;
      outbox.send(table.id(slot), { type: onlyBroadcasts ? 'broadcast' : 'gossip' });
    }
  }

  get #hasQueued(): boolean {
    return this.#machine.view.updates.length > 0 || this.#machine.broadcasts.queue.length > 0;
  }

  #onGossipDue(): void {
    if (this.#hasQueued) this.gossip();
    if (this.#hasQueued) this.#schedule(this.#gossip, this.#machine.config.gossip, 1);
  }

  #onAnnounceDue(): void {
    const { announce } = this.#machine.config;
    this.#machine.outbox.sendToSome(announce?.members ?? 0, { type: 'announce' });
    this.#schedule(this.#announce, announce, 1);
  }

  /** Source: foca's `periodic_announce_to_down_members`; serf's reconnect. */
  #onAnnounceDownDue(): void {
    const { announceDown } = this.#machine.config;
    const { failed } = this.#machine.view.table;
    this.#machine.outbox.sendToSome(announceDown?.members ?? 0, { type: 'announce' }, failed);
    if (failed.size > 0) this.#schedule(this.#announceDown, announceDown, 1);
  }

  /**
   * Schedules a task that is configured and not scheduled yet, at a random time from `least`
   * periods to one, so that nodes do not run in step.
   */
  #schedule(one: Task, periodic: SwimConfig['gossip'], least: number): void {
    if (periodic === undefined || one.heapIndex >= 0) return;
    const { after, random } = this.#machine;
    const share = least < 1 ? least + (1 - least) * random() : 1;
    after(one, periodic.interval * share);
  }
}
