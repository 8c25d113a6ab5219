import { suspicionConfirmations, suspicionTimeout } from '../config.ts';
import type { Context } from '../context.ts';
import type { Slot } from './member-rows.ts';
import { MemberTimer } from './member-timer.ts';
import { Suspicion } from './suspicion.ts';

/** The suspect and Down members' deadlines. */
export class Suspicions<Id> {
  readonly #context: Context<Id>;
  readonly #members = new Map<Slot, MemberTimer>();

  constructor(context: Context<Id>) {
    this.#context = context;
  }

  get(slot: Slot): MemberTimer | undefined {
    return this.#members.get(slot);
  }

  /** The member has become suspect, with no end yet, or Down. */
  add(slot: Slot, suspector: string | undefined): MemberTimer {
    const member = new MemberTimer(slot, suspector);
    this.#members.set(slot, member);
    return member;
  }

  /** The member has become Down, and is remembered for a while. */
  bury(slot: Slot): void {
    this.#context.after(this.add(slot, undefined), this.#context.config.removeDownAfter);
  }

  /** The member is neither suspect nor Down any more, or is forgotten. */
  clear(slot: Slot): void {
    const member = this.#members.get(slot);
    if (member === undefined) return;
    this.#context.timers.cancel(member);
    this.#members.delete(slot);
  }

  /** Sets the end of a suspicion of `incarnation`, in a cluster of `size` with ourselves. */
  start(member: MemberTimer, incarnation: number, size: number): void {
    const { timers, clock, config, lifeguard } = this.#context;
    member.suspicion = new Suspicion(
      incarnation,
      member.suspector,
      clock.now,
      suspicionTimeout(config, size),
      config.suspicionMaxFactor,
      lifeguard?.suspicion ? suspicionConfirmations(config, size) : 0,
    );
    timers.schedule(member, member.suspicion.deadline);
  }

  /** Counts a suspector; false if that changes nothing. */
  confirm(member: MemberTimer, suspector: string): boolean {
    const { suspicion } = member;
    if (suspicion === undefined || !suspicion.confirm(suspector)) return false;
    this.#context.timers.schedule(member, suspicion.deadline);
    member.suspector = suspector;
    return true;
  }

  /** Begins every suspicion anew: what we made of the time before is not to be trusted. */
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
