import type { DatagramTransport } from '@shoal/transport';
import { type Member, type NodeIdentity, shoalCodec } from '@shoal/wire';
import { lan } from '../config.ts';
import type { SwimState } from '../context.ts';
import { SwimError } from '../errors.ts';
import { type IdentityTraits, nodeTraits } from '../identity.ts';
import type { SwimStats } from '../stats.ts';
import { Swim, type SwimOptions } from '../swim.ts';
import { MembershipEventTarget } from './event-target.ts';
import { Joiner } from './joiner.ts';
import type { CustomMembershipOptions, MembershipOptions } from './options.ts';

/** The longest delay that `setTimeout` takes; a longer wait is made of several. */
const MAX_DELAY = 2 ** 31 - 1;

/** {@link SwimStats}, and what the driver itself counts. */
export interface DriverStats extends SwimStats {
  /** Datagrams that the transport did not take: its send buffer was full. */
  readonly sendsRefused: number;
}

/** What a {@link Membership} runs on, made by {@link startMembership}. */
interface Parts<Id> {
  readonly swim: SwimOptions<Id>;
  readonly transport: DatagramTransport;
  readonly signal: AbortSignal | undefined;
  readonly joiner: (membership: Membership<Id>) => Joiner<unknown>;
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
  readonly #unlisten: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires; Infinity when it is not set. */
  #armedFor: number = Number.POSITIVE_INFINITY;
  #sendsRefused = 0;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** @internal Use {@link startMembership}. */
  constructor(parts: Parts<Id>) {
    super();
    this.#swim = new Swim(parts.swim);
    this.#traits = parts.swim.traits;
    this.#transport = parts.transport;
    this.#joiner = parts.joiner(this);
    this.#transport.receive((_from, bytes) => this.#act((now) => this.#swim.receive(bytes, now)));
    const { signal } = parts;
    const abort = (): void => void this.close();
    signal?.addEventListener('abort', abort, { once: true });
    this.#unlisten = () => signal?.removeEventListener('abort', abort);
    this.on('idle', () => this.#joiner.start());
    this.on('defunct', () => this.#joiner.stop());
    if (signal?.aborted) abort();
    else this.#joiner.start();
  }

  /** Who we are now: it changes with {@link updateIdentity}, and when we come back. */
  get identity(): Id {
    return this.#swim.identity;
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
    return { ...this.#swim.stats(), sendsRefused: this.#sendsRefused };
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
  reportJoinFailure(error: unknown): void {
    this.tell({ type: 'joinFailed', error });
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#unlisten();
    this.#joiner.stop();
    clearTimeout(this.#timer);
    this.#transport.receive(() => {});
    this.endStreams();
    this.dispatchEvent(new Event('close'));
    await this.#transport.close();
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
    this.#arm();
  }

  /** A timer that fires too early costs less than one that is set anew for each packet. */
  #arm(): void {
    const deadline = this.#swim.nextDeadline;
    if (this.closed || deadline >= this.#armedFor || deadline === Number.POSITIVE_INFINITY) return;
    clearTimeout(this.#timer);
    this.#armedFor = deadline;
    const delay = Math.min(MAX_DELAY, Math.max(0, Math.ceil(deadline - performance.now())));
    this.#timer = setTimeout(() => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.#act((now) => this.#swim.tick(now));
    }, delay);
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

/**
 * Makes us a member, over `transport`: joins at the seeds, with Shoal's own protocol or another
 * wire, and keeps trying. Throws, with nothing begun: a {@link SwimError} with code `config`,
 * or `identity` when it cannot be sent.
 */
export function startMembership(options: MembershipOptions): Membership<NodeIdentity>;
export function startMembership<Id>(options: CustomMembershipOptions<Id>): Membership<Id>;
export function startMembership(
  options: MembershipOptions | CustomMembershipOptions<unknown>,
): Membership<NodeIdentity> | Membership<unknown> {
  return 'codec' in options ? start(options, (seed) => seed) : startNode(options);
}

function startNode(options: MembershipOptions): Membership<NodeIdentity> {
  const identity: NodeIdentity = {
    address: options.transport.localAddress,
    generation: Date.now(),
    metadata: new Uint8Array(0),
    ...options.identity,
  };
  const codec = shoalCodec({ label: options.label ?? 'shoal' });
  // Of a seed only the address matters: see `Swim.announce`.
  return start({ ...options, identity, codec, traits: nodeTraits }, (address: string) => ({
    address,
    generation: 0,
    metadata: new Uint8Array(0),
  }));
}

function start<Id, Seed>(
  options: Omit<CustomMembershipOptions<Id>, 'seeds'> & {
    readonly seeds?: readonly Seed[] | (() => readonly Seed[] | Promise<readonly Seed[]>);
  },
  identityOf: (seed: Seed) => Id,
): Membership<Id> {
  const { transport, identity, traits, codec, broadcasts, signal, seeds = [] } = options;
  const random = options.random ?? Math.random;
  const wanted = options.config ?? lan();
  const maxPacketSize = Math.min(wanted.maxPacketSize, transport.maxDatagramSize);
  const config = { ...wanted, maxPacketSize };
  return new Membership({
    swim: { identity, traits, codec, config, random, broadcasts },
    transport,
    signal,
    joiner: (membership) =>
      new Joiner<Seed>({
        seeds: typeof seeds === 'function' ? seeds : () => seeds,
        retry: options.joinRetry ?? {},
        random,
        isActive: () => membership.state === 'active',
        isKnown: (seed) => {
          const address = traits.address(identityOf(seed));
          const state = membership.memberAt(address)?.state;
          const own = address === traits.address(membership.identity);
          return own || state === 'alive' || state === 'suspect';
        },
        announce: (seed) => membership.announce(identityOf(seed)),
        failed: (error) => membership.reportJoinFailure(error),
      }) as Joiner<unknown>,
  });
}
