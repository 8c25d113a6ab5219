import type { SwimCodec } from '@shoal/wire';
import type { Clock } from './clock.ts';
import type { LifeguardParts, SwimConfig } from './config.ts';
import type { OutputQueue } from './events.ts';
import type { IdentityTraits } from './members/identity.ts';
import type { MemberTimer } from './members/member-timer.ts';
import type { LocalHealth } from './probing/local-health.ts';
import type { Counters } from './stats.ts';
import type { Timer, TimerQueue } from './timer-queue.ts';

/** A timer that does something of ours, rather than of a member. */
export interface Task extends Timer {
  run(): void;
}

export function task(run: () => void): Task {
  return { run, deadline: 0, heapIndex: -1 };
}

/**
 * - `idle`: alone; nothing is probed.
 * - `active`: there are other active members.
 * - `leaving`: saying goodbye.
 * - `defunct`: left, or held to be down; listens, but says nothing.
 */
export type SwimState = 'idle' | 'active' | 'leaving' | 'defunct';

/** Who we are and how we stand. */
interface Self<Id> {
  identity: Id;
  address: string;
  incarnation: number;
  state: SwimState;
}

/** Whether we are, or want to be, a member. */
export function takesPart(self: { readonly state: SwimState }): boolean {
  return self.state === 'idle' || self.state === 'active';
}

/** What the parts of one machine share. */
export interface Context<Id> {
  readonly config: SwimConfig;
  readonly codec: SwimCodec<Id>;
  readonly traits: IdentityTraits<Id>;
  readonly random: () => number;
  /** The parts of Lifeguard that are on; undefined if it is off, or beyond the codec's means. */
  readonly lifeguard: LifeguardParts | undefined;
  readonly clock: Clock;
  readonly health: LocalHealth;
  readonly timers: TimerQueue<Task | MemberTimer>;
  /** Sets when a timer falls due: in so many ms from now. */
  readonly after: (timer: Task | MemberTimer, ms: number) => void;
  readonly outputs: OutputQueue<Id>;
  readonly counters: Counters;
  readonly self: Self<Id>;
}
