import type { SwimConfig } from '../config.ts';
import { type Task, task } from '../context.ts';
import type { Machine } from '../machine.ts';

/** How long after it has joined a member announces again, in ms. The wait doubles from then on. */
const FIRST_ANNOUNCE = 500;

/** Gossip and announces. Each runs only while there is a reason for it, so an idle cluster rests. */
export class PeriodicTasks<Id> {
  readonly #machine: Machine<Id>;
  readonly #gossip: Task = task(() => this.#onGossipDue());
  readonly #announce: Task = task(() => this.#onAnnounceDue());
  /** How long to wait before the next announce, in ms. */
  #announceWait = FIRST_ANNOUNCE;
  readonly #announceDown: Task = task(() => this.#onAnnounceDownDue());

  constructor(machine: Machine<Id>) {
    this.#machine = machine;
  }

  /** Starts the tasks that there is a reason for. Call it only while this member takes part. */
  settle(): void {
    const { config, self } = this.#machine;
    if (self.state === 'active') {
      if (this.#hasQueued) this.#schedule(this.#gossip, config.gossip, 0);
      this.#scheduleAnnounce(0.5);
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
    this.#announceWait = FIRST_ANNOUNCE;
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
    const chosen = table.peers.choose(
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
    this.#announceWait *= 2;
    this.#scheduleAnnounce(1);
  }

  /**
   * A newcomer asks soon, and then less and less often: what it was told when it joined, and what
   * others told each other meanwhile, may not be all.
   */
  #scheduleAnnounce(least: number): void {
    const { announce } = this.#machine.config;
    if (announce === undefined) return;
    const interval = Math.min(this.#announceWait, announce.interval);
    this.#schedule(this.#announce, { ...announce, interval }, least);
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
