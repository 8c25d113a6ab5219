import type { Member, SwimCodec } from '@shoal/wire';
import type { SwimConfig } from './config.ts';
import type { SwimError } from './errors.ts';
import type { OutputQueue } from './events.ts';
import type { MachineClock } from './machine-clock.ts';
import type { IdentityTraits } from './members/identity.ts';
import type { MemberTimer } from './members/member-timer.ts';
import type { LocalHealth } from './probing/local-health.ts';
import type { Counters } from './stats.ts';
import type { QueuedTimer, TimerQueue } from './timer-queue.ts';

/** A timer that runs a function. Other timers belong to members. */
export interface Task extends QueuedTimer {
  run(): void;
}

export function task(run: () => void): Task {
  return { run, deadline: 0, heapIndex: -1 };
}

/**
 * - `idle`: alone; probes nobody.
 * - `active`: there are other active members.
 * - `leaving`: saying goodbye.
 * - `defunct`: has left, or was declared down; listens, but sends nothing.
 */
export type SwimState = 'idle' | 'active' | 'leaving' | 'defunct';

/** This member's identity and state. */
interface Self<Id> {
  identity: Id;
  address: string;
  incarnation: number;
  state: SwimState;
}

/** Whether a member is in the cluster, or wants to be. */
export function takesPart(self: { readonly state: SwimState }): boolean {
  return self.state === 'idle' || self.state === 'active';
}

/** What all parts of one machine share. */
export interface Context<Id> {
  readonly config: SwimConfig;
  readonly codec: SwimCodec<Id>;
  readonly traits: IdentityTraits<Id>;
  readonly random: () => number;
  /** The parts of Lifeguard that are on; undefined if it is off or the codec cannot carry it. */
  readonly lifeguard: Exclude<SwimConfig['lifeguard'], boolean> | undefined;
  readonly clock: MachineClock;
  readonly health: LocalHealth;
  readonly timers: TimerQueue<Task | MemberTimer>;
  /** Schedules a timer `ms` from now. */
  readonly after: (timer: Task | MemberTimer, ms: number) => void;
  readonly outputs: OutputQueue<Id>;
  readonly counters: Counters;
  readonly admit: ((member: Member<Id>) => boolean) | undefined;
  readonly self: Self<Id>;
}

/** Reports that input from a peer was refused. */
export function reject<Id>(context: Context<Id>, error: SwimError, bytes: Uint8Array): void {
  context.counters.rejected++;
  context.outputs.push({ type: 'rejected', error, bytes });
}
