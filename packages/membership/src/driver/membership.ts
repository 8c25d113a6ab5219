import type { DatagramTransport } from '@shoal/transport';
import type { Member } from '@shoal/wire';
import type { SwimState } from '../context.ts';
import { SwimError } from '../errors.ts';
import type { IdentityTraits } from '../identity.ts';
import type { SwimStats } from '../stats.ts';
import { Swim, type SwimOptions } from '../swim.ts';
import { DatagramHealth } from './datagram-health.ts';
import { MembershipEventTarget } from './event-target.ts';
import type { Joiner } from './joiner.ts';
import type { DriverEvent } from './options.ts';
import type { Streams } from './streams.ts';
import { MAX_DELAY, TickTimer } from './tick-timer.ts';

/** {@link SwimStats}, and what the driver itself counts. */
export interface DriverStats extends SwimStats {
  /** Datagrams that the transport did not take: its send buffer was full. */
  readonly sendsRefused: number;
  /** Exchanges of states that came to their end, begun by us or by others. */
  readonly exchanges: number;
  /** Probes that were tried over a stream as well. */
  readonly streamPings: number;
  /** Streams that were refused because too many were served. */
  readonly streamsRefused: number;
}

/** What a {@link Membership} runs on, made by {@link startMembership}. */
export interface MembershipParts<Id> {
  readonly swim: SwimOptions<Id>;
  readonly transport: DatagramTransport;
  readonly signal: AbortSignal | undefined;
  readonly joiner: (membership: Membership<Id>) => Joiner<unknown>;
  readonly streams: ((membership: Membership<Id>) => Streams<Id>) | undefined;
}

/**
 * A member of a cluster: a {@link Swim} that runs over a transport. Made by
 * {@link startMembership}. `await using` says goodbye and closes it.
 */
export class Membership<Id> extends MembershipEventTarget<Id> implements AsyncDisposable {
  readonly #swim: Swim<Id>;
  readonly #traits: IdentityTraits<Id>;
  readonly #transport: DatagramTransport;
  readonly #joiner: Joiner<unknown>;
  readonly #streams: Streams<Id> | undefined;
  readonly #datagramHealth = new DatagramHealth();
  readonly #probePeriod: number;
  readonly #unlisten: () => void;
  readonly #timer = new TickTimer(() => this.#act((now) => this.#swim.tick(now)));
  #sendsRefused = 0;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** @internal Use {@link startMembership}. */
  constructor(parts: MembershipParts<Id>) {
    super();
    this.#swim = new Swim(parts.swim);
    this.#traits = parts.swim.traits;
    this.#transport = parts.transport;
    this.#probePeriod = parts.swim.config.probePeriod;
    this.#joiner = parts.joiner(this);
    this.#streams = parts.streams?.(this);
    this.#transport.receive((_from, bytes) => {
      this.#timer.onInput();
      this.#act((now) => this.#swim.receive(bytes, now));
    });
    const { signal } = parts;
    const abort = (): void => void this.close();
    signal?.addEventListener('abort', abort, { once: true });
    this.#unlisten = () => signal?.removeEventListener('abort', abort);
    this.on('idle', () => this.#joiner.start());
    this.on('defunct', () => this.#joiner.stop());
    if (this.#streams) this.#watchProbes(this.#streams);
    if (signal?.aborted) abort();
    else this.#joiner.start();
  }

  /** Who we are now: it changes with {@link updateIdentity}, and when we come back. */
  get identity(): Id {
    return this.#swim.identity;
  }

  /** Grows whenever we refute a suspicion; 0 under a new identity. */
  get incarnation(): number {
    return this.#swim.incarnation;
  }

  get state(): SwimState {
    return this.#swim.state;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The other active members, alive or suspect, as they are now. */
  members(): Member<Id>[] {
    return [...this.#swim.members()];
  }

  /** What is known of the member at an address, Down included. */
  memberAt(address: string): Member<Id> | undefined {
    return this.#swim.memberAt(address);
  }

  /** All that is known of others, Down members included. */
  membershipState(): Member<Id>[] {
    return [...this.#swim.membershipState()];
  }

  /** Equal for members that agree on who is active; see {@link Swim.digest}. */
  digest(): string {
    return this.#swim.digest();
  }

  stats(): DriverStats {
    return {
      ...this.#swim.stats(),
      sendsRefused: this.#sendsRefused,
      exchanges: this.#streams?.exchanges ?? 0,
      streamPings: this.#streams?.pings ?? 0,
      streamsRefused: this.#streams?.refused ?? 0,
    };
  }

  /**
   * Resolves once we are part of a cluster: at once, if we are. Rejects with the signal's
   * reason, or with a {@link SwimError} with code `state` when it can no longer come to that.
   */
  async active(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#reach((state) => state === 'active', options.signal);
  }

  /** Spreads `payload` to all members. As {@link Swim.broadcast}; throws `state` once closed. */
  broadcast(payload: Uint8Array): boolean {
    return this.#act((now) => this.#swim.broadcast(payload, now));
  }

  /** Takes another identity, such as one with other metadata. As {@link Swim.updateIdentity}. */
  updateIdentity(id: Id): void {
    const revived = this.state === 'defunct';
    this.#act((now) => this.#swim.updateIdentity(id, now));
    if (revived) this.#joiner.start();
  }

  /** Takes in what is known from elsewhere. As {@link Swim.applyMany}. */
  applyMany(members: Iterable<Member<Id>>, options: { readonly broadcast?: boolean } = {}): void {
    this.#act((now) => this.#swim.applyMany(members, now, options));
  }

  /**
   * Compares states with the member at this identity's address over a stream, and exchanges them
   * unless they are equal; how it went comes as an event. Nothing without `streams`. Resolves
   * when it is over, whatever came of it.
   */
  async exchange(id: Id): Promise<void> {
    await this.#streams?.exchange(id);
  }

  /** Asks the member at this identity's address to let us join its cluster. */
  announce(to: Id): void {
    this.#act((now) => this.#swim.announce(to, now));
  }

  /**
   * Says goodbye, and resolves when enough members know, or the configuration's `leaveTimeout`
   * or `timeout` (ms) is over, whichever is first. The transport stays open until
   * {@link Membership.close}. Rejects with the signal's reason.
   */
  async leave(
    options: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    if (this.closed) return;
    this.#joiner.stop();
    this.#act((now) => this.#swim.leave(now));
    if (this.state === 'defunct') return;
    const ended = new AbortController();
    const timer = setTimeout(
      () => ended.abort(),
      Math.min(options.timeout ?? MAX_DELAY, MAX_DELAY),
    );
    const abort = (): void => ended.abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      await this.#reach((state) => state === 'defunct', ended.signal);
    } catch {
      options.signal?.throwIfAborted();
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    }
  }

  /** Stops at once, without a goodbye, and closes the transport. A second call waits as well. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await this.close();
  }

  /** @internal */
  report(event: DriverEvent<Id>): void {
    this.tell(event);
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#unlisten();
    this.#joiner.stop();
    this.#timer.stop();
    this.#transport.receive(() => {});
    this.endStreams();
    this.dispatchEvent(new Event('close'));
    await Promise.all([this.#transport.close(), this.#streams?.close()]);
  }

  /** Tries a stream where datagrams are overdue, and says so when only streams get through. */
  #watchProbes(streams: Streams<Id>): void {
    this.on('probeOverdue', async ({ target, probeNumber }) => {
      // When the period is over the answer would come too late.
      const member = await streams.ping(target, this.#probePeriod);
      if (member === undefined || this.closed) return;
      this.applyMany([member]);
      if (!this.#traits.equals(member.id, target)) return;
      this.#act((now) => this.#swim.confirm(target, probeNumber, now));
    });
    this.on('probe', ({ target, outcome }) => {
      const address = this.#traits.address(target);
      const type = this.#datagramHealth.onProbe(address, outcome);
      if (type !== undefined) this.tell({ type, address });
    });
    this.on('memberDown', ({ member }) => {
      this.#datagramHealth.forget(this.#traits.address(member.id));
    });
  }

  /** Changes the machine, then drains it. */
  #act<Result>(change: (now: number) => Result): Result {
    if (this.closed) throw new SwimError('state', 'the membership is closed');
    try {
      return change(performance.now());
    } finally {
      this.#drain();
    }
  }

  #drain(): void {
    for (let output = this.#swim.poll(); output !== undefined; output = this.#swim.poll()) {
      if (this.closed) return;
      if (output.type === 'transmit') {
        const sent = this.#transport.send(this.#traits.address(output.to), output.bytes);
        if (!sent) this.#sendsRefused++;
      } else this.tell(output.type === 'event' ? output.event : output);
    }
    if (!this.closed) this.#timer.arm(this.#swim.nextDeadline);
  }

  /** Resolves when the state is as wanted; rejects when it cannot be any more. */
  #reach(wanted: (state: SwimState) => boolean, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = new AbortController();
      const settle = (finish: () => void): void => {
        stop.abort();
        finish();
      };
      const look = (): void => {
        if (wanted(this.state)) settle(resolve);
        else if (this.closed || this.state === 'defunct') {
          const message = this.closed ? 'the membership is closed' : 'the member is defunct';
          settle(() => reject(new SwimError('state', message)));
        } else if (signal?.aborted) settle(() => reject(signal.reason));
      };
      for (const type of ['active', 'defunct', 'close']) {
        this.addEventListener(type, look, { signal: stop.signal });
      }
      signal?.addEventListener('abort', look, { signal: stop.signal });
      look();
    });
  }
}
