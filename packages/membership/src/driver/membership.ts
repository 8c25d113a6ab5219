import {
  type EventOfType,
  type EventSource,
  type EventStream,
  type EventsOptions,
  type ListenOptions,
  MAX_TIMER_DELAY,
} from '@shoal/async';
import type { Member } from '@shoal/wire';
import type { SwimState } from '../context.ts';
import type { SwimStats } from '../stats.ts';
import type { DriverEvent } from './options.ts';
import { type RunnerParts, SwimRunner } from './swim-runner.ts';

/** {@link SwimStats}, and what the driver itself counts. */
export interface DriverStats extends SwimStats {
  /** Datagrams that the transport did not take, because its send buffer was full. */
  readonly sendsRefused: number;
  /** Completed state exchanges, started by either side. */
  readonly exchanges: number;
  /** Probes that were also tried over a stream. */
  readonly streamPings: number;
  /** Streams that were refused because too many were served. */
  readonly streamsRefused: number;
}

/**
 * A member of a cluster: a `Swim` that runs over a transport. Made by
 * {@link startMembership}. `await using` says goodbye and closes it.
 */
export class Membership<Id> implements EventSource<DriverEvent<Id>>, AsyncDisposable {
  readonly #runner: SwimRunner<Id>;

  /** @internal Use {@link startMembership}. */
  constructor(parts: RunnerParts<Id>) {
    this.#runner = new SwimRunner(parts);
  }

  /** The current identity. It changes with {@link updateIdentity}, and when this member rejoins. */
  get identity(): Id {
    return this.#runner.swim.identity;
  }

  /** Grows whenever this member refutes a suspicion; 0 under a new identity. */
  get incarnation(): number {
    return this.#runner.swim.incarnation;
  }

  get state(): SwimState {
    return this.#runner.swim.state;
  }

  get closed(): boolean {
    return this.#runner.closed;
  }

  /** The other active members, alive or suspect, as they are now. */
  members(): Member<Id>[] {
    return [...this.#runner.swim.members()];
  }

  /** What is known about the member at an address, even if it is down. */
  memberAt(address: string): Member<Id> | undefined {
    return this.#runner.swim.memberAt(address);
  }

  /** Everything that is known about other members, Down ones included. */
  membershipState(): Member<Id>[] {
    return [...this.#runner.swim.membershipState()];
  }

  /** Equal for members that agree on who is active; see `Swim.digest`. */
  digest(): string {
    return this.#runner.swim.digest();
  }

  stats(): DriverStats {
    const { swim, streams, sendsRefused } = this.#runner;
    return {
      ...swim.stats(),
      sendsRefused,
      exchanges: streams?.exchanges ?? 0,
      streamPings: streams?.pings ?? 0,
      streamsRefused: streams?.refused ?? 0,
    };
  }

  on<Type extends DriverEvent<Id>['type']>(
    type: Type,
    listener: (event: EventOfType<DriverEvent<Id>, Type>) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#runner.emitter.on(type, listener, options);
  }

  /** Calls `listener` for every event, before the listeners of its type. Otherwise as {@link on}. */
  onAny(listener: (event: DriverEvent<Id>) => void, options?: ListenOptions): () => void {
    return this.#runner.emitter.onAny(listener, options);
  }

  /** A reader that falls too far behind gets a `SwimError` with code `overflow`. */
  events(options?: EventsOptions): EventStream<DriverEvent<Id>> {
    return this.#runner.emitter.events(options);
  }

  /**
   * Resolves once this member is part of a cluster, at once if it is. Rejects with the signal's
   * reason, or with a `SwimError` with code `state` once it is defunct or closed.
   */
  async active(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#runner.active(options.signal);
  }

  /** Spreads `payload` to all members. As `Swim.broadcast`; throws `state` once closed. */
  broadcast(payload: Uint8Array): boolean {
    return this.#runner.act((now) => this.#runner.swim.broadcast(payload, now));
  }

  /** Takes another identity, for example to change its metadata. As `Swim.updateIdentity`. */
  updateIdentity(id: Id): void {
    const revived = this.state === 'defunct';
    this.#runner.act((now) => this.#runner.swim.updateIdentity(id, now));
    if (revived) this.#runner.join();
  }

  /** Takes in members that are known from elsewhere. As `Swim.applyMany`. */
  applyMany(
    members: Iterable<Member<Id>>,
    options: { readonly broadcast?: boolean | undefined } = {},
  ): void {
    this.#runner.act((now) => this.#runner.swim.applyMany(members, now, options));
  }

  /**
   * Compares states with the member at this identity's address over a stream, and exchanges them
   * unless they are equal. Reports the outcome as an event. Does nothing without `streams`.
   * Resolves when the exchange is over, however it went.
   */
  async exchange(id: Id): Promise<void> {
    await this.#runner.streams?.exchange(id);
  }

  /** Asks the member at this identity's address to let this one join. As `Swim.announce`. */
  announce(to: Id): void {
    this.#runner.act((now) => this.#runner.swim.announce(to, now));
  }

  /**
   * Says goodbye. Resolves when enough members know, or after the configured `leaveTimeout` or
   * `timeout` (in ms), whichever comes first. The transport stays open until
   * {@link Membership.close}. Rejects with the signal's reason.
   */
  async leave(
    options: {
      readonly timeout?: number | undefined;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<void> {
    await this.#runner.leave(options.timeout ?? MAX_TIMER_DELAY, options.signal);
  }

  /** Stops at once, without a goodbye, and closes the transport. Further calls wait for it. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await this.close();
  }
}
