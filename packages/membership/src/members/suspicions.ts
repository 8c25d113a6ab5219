import { suspicionConfirmations, suspicionTimeout } from '../config.ts';
import type { Context } from '../context.ts';
import type { Slot } from './member-rows.ts';
import { MemberTimer } from './member-timer.ts';
import { Suspicion } from './suspicion.ts';

/** The deadlines of suspect and Down members. */
export class Suspicions<Id> {
  readonly #context: Context<Id>;
  readonly #members = new Map<Slot, MemberTimer>();

  constructor(context: Context<Id>) {
    this.#context = context;
  }

  get(slot: Slot): MemberTimer | undefined {
    return this.#members.get(slot);
  }

  /** Adds a member that has become suspect or Down. It has no deadline yet. */
  add(slot: Slot, suspector: string | undefined): MemberTimer {
    const member = new MemberTimer(slot, suspector);
    this.#members.set(slot, member);
    return member;
  }

  /** Adds a member that has become Down, to be forgotten after `removeDownAfter`. */
  bury(slot: Slot): void {
    this.#context.after(this.add(slot, undefined), this.#context.config.removeDownAfter);
  }

  /** Removes a member that has left its state or is forgotten. */
  clear(slot: Slot): void {
    const member = this.#members.get(slot);
    if (member === undefined) return;
    this.#context.timers.cancel(member);
    this.#members.delete(slot);
  }

  /** Starts the suspicion of an incarnation, in a cluster of `size` members. */
  start(member: MemberTimer, incarnation: number, size: number): void {
    const { timers, clock, config, lifeguard } = this.#context;
    member.suspicion = new Suspicion({
      incarnation,
      suspector: member.suspector,
      start: clock.now,
      least: suspicionTimeout(config, size),
      factor: config.suspicionMaxFactor,
      wanted: lifeguard?.suspicion ? suspicionConfirmations(config, size) : 0,
    });
    timers.schedule(member, member.suspicion.deadline);
  }

  /** Counts a further suspector. Returns false if that changes nothing. */
  addSuspector(member: MemberTimer, suspector: string): boolean {
    const { suspicion } = member;
    if (suspicion === undefined || !suspicion.addSuspector(suspector)) return false;
    this.#context.timers.schedule(member, suspicion.deadline);
    member.suspector = suspector;
    return true;
  }

  /** Restarts every suspicion, because this member may have misjudged the time before. */
  restart(size: number): void {
    for (const member of this.#members.values()) {
      if (member.suspicion) this.start(member, member.suspicion.incarnation, size);
    }
  }

  /** Ends every suspicion without a verdict. */
  drop(): void {
    for (const member of this.#members.values()) {
      if (member.suspicion === undefined) continue;
      member.suspicion = undefined;
      this.#context.timers.cancel(member);
    }
  }
}
