import type { Member } from '@shoal/wire';
import { Clock } from './clock.ts';
import { checkConfig, lifeguardParts } from './config.ts';
import { type Context, type SwimState, type Task, takesPart } from './context.ts';
import { BroadcastQueue } from './dissemination/broadcast-queue.ts';
import { Outbox } from './dissemination/outbox.ts';
import { SwimError } from './errors.ts';
import { type Output, OutputQueue } from './events.ts';
import { Inbox } from './inbox.ts';
import { Lifecycle } from './lifecycle/lifecycle.ts';
import { AddressBook, NONE } from './members/address-book.ts';
import { ClusterView } from './members/cluster-view.ts';
import { digestOf } from './members/digest.ts';
import { activeRecords, canonicalMembers, snapshots } from './members/full-state.ts';
import { MemberTimer } from './members/member-timer.ts';
import { mergeStates } from './members/merge-states.ts';
import { LocalHealth } from './probing/local-health.ts';
import { newCounters, type SwimStats } from './stats.ts';
import type { SwimOptions } from './swim-options.ts';
import { TimerQueue } from './timer-queue.ts';

export type { SwimOptions };

/**
 * The SWIM protocol for one member, without I/O: it is told the time and what came in, and
 * says what to send and what happened. Change it, then drain {@link Swim.poll} until it is
 * empty; call {@link Swim.tick} when {@link Swim.nextDeadline} has come. Every method that
 * takes `now` takes it in ms of one clock, whose origin does not matter.
 */
export class Swim<Id> {
  readonly #context: Context<Id>;
  readonly #inbox: Inbox<Id>;
  readonly #view: ClusterView<Id>;
  readonly #broadcasts: BroadcastQueue<Id>;
  readonly #outbox: Outbox<Id>;
  readonly #lifecycle: Lifecycle<Id>;

  /** Throws a {@link SwimError}: `config`, or `identity` when it cannot be sent. */
  constructor(options: SwimOptions<Id>) {
    const { identity, traits, codec, config, random } = options;
    checkConfig(config);
    const lifeguard = codec.lifeguard ? lifeguardParts(config) : undefined;
    const clock = new Clock(config.probePeriod);
    const timers = new TimerQueue<Task | MemberTimer>();
    const context: Context<Id> = {
      config,
      codec,
      traits,
      random,
      lifeguard,
      clock,
      health: new LocalHealth(lifeguard?.localHealth ?? false),
      timers,
      after: (timer, ms) => timers.schedule(timer, clock.now + ms),
      outputs: new OutputQueue<Id>(),
      counters: newCounters(),
      self: { identity, address: traits.address(identity), incarnation: 0, state: 'idle' },
    };
    const view = new ClusterView(context, options.addresses ?? new AddressBook<Id>());
    const broadcasts = new BroadcastQueue(options.broadcasts, config);
    const outbox = new Outbox(context, view, broadcasts);
    const lifecycle = new Lifecycle(context, view, broadcasts, outbox);
    this.#inbox = new Inbox(context, view, broadcasts, outbox, lifecycle);
    this.#context = context;
    this.#view = view;
    this.#broadcasts = broadcasts;
    this.#outbox = outbox;
    this.#lifecycle = lifecycle;
  }

  /** Who we are now. */
  get identity(): Id {
    return this.#context.self.identity;
  }

  /** Grows whenever we refute a suspicion; 0 under a new identity. */
  get incarnation(): number {
    return this.#context.self.incarnation;
  }

  get state(): SwimState {
    return this.#context.self.state;
  }

  /** When to call {@link Swim.tick} next, in ms of the caller's clock; Infinity if never. */
  get nextDeadline(): number {
    return this.#context.clock.outside(this.#context.timers.next);
  }

  /** How many other members are active. */
  get activeCount(): number {
    return this.#view.table.active.size;
  }

  /**
   * Takes in a datagram. Whatever it holds, this does not throw; what is refused comes out as
   * `rejected`. The bytes are not kept. Throws `time` if `now` is no time.
   */
  receive(datagram: Uint8Array, now: number): void {
    this.#advance(now);
    this.#inbox.receive(datagram);
    this.#settle();
  }

  /** Does what is due at `now`. Calling it early, late or in vain does no harm. Throws `time`. */
  tick(now: number): void {
    this.#advance(now);
    const { timers, clock } = this.#context;
    for (;;) {
      const timer = timers.takeDue(clock.now);
      if (timer === undefined) break;
      if (timer instanceof MemberTimer) this.#expire(timer);
      else timer.run();
    }
    this.#settle();
  }

  /** The next output, in order; undefined when there is no more. */
  poll(): Output<Id> | undefined {
    return this.#context.outputs.take();
  }

  /**
   * Asks `to` to let us join the cluster that it is in. Of `to` only the address matters.
   * One datagram, which may be lost: repeat it until the event `active`.
   * Throws `state`; `identity` when `to` cannot be encoded, or has our own address.
   */
  announce(to: Id, now: number): void {
    this.#advance(now);
    if (!takesPart(this.#context.self)) this.#refuse('announce');
    const { traits, self } = this.#context;
    if (traits.address(to) === self.address) {
      throw new SwimError('identity', 'cannot announce to our own address');
    }
    if (!this.#outbox.send(to, { type: 'announce' })) {
      throw new SwimError('identity', 'the identity cannot be sent');
    }
    this.#settle();
  }

  /**
   * Reports that `target`, the member of a `probeOverdue` event, answered by other means than
   * datagrams, such as a stream. If no ack comes either, that probe ends as `answered-by-stream`
   * and not as `failed`. Local health stays as it is: the answer says nothing about datagrams.
   * Returns false, and changes nothing, if that probe is over. Throws `time`. Source: memberlist's
   * fallback ping over TCP, in `probeNode`.
   */
  probeAnswered(target: Id, probeNumber: number, now: number): boolean {
    this.#advance(now);
    return this.#lifecycle.prober.answeredByStream(target, probeNumber);
  }

  /** Sends what is queued to some random members at once. */
  gossip(now: number): void {
    this.#advance(now);
    if (this.#context.self.state === 'active') this.#lifecycle.periodic.gossip();
    this.#settle();
  }

  /**
   * Says goodbye to several members, until enough have heard it or `leaveTimeout` is over; the
   * event `defunct` ends it. Does nothing if that has been done.
   */
  leave(now: number): void {
    this.#advance(now);
    this.#lifecycle.leave();
  }

  /**
   * Takes another identity, such as one with other metadata, and tells the cluster, which sees
   * `memberUpdated`. Brings a defunct member back. It voids the probe under way, so it should
   * not come more than once a probe period. Throws, with nothing changed: `identity` unless `id`
   * can be sent and wins over the present one, or has a free address; `state` while leaving.
   */
  updateIdentity(id: Id, now: number): void {
    this.#advance(now);
    const { traits, self } = this.#context;
    if (self.state === 'leaving') this.#refuse('change');
    const address = traits.address(id);
    if (address === self.address) {
      if (traits.equals(id, self.identity) || !traits.wins(id, self.identity)) {
        throw new SwimError('identity', 'the identity does not win over ours');
      }
    } else if (this.#view.table.isActiveAt(address)) {
      throw new SwimError('identity', `${address} is the address of an active member`);
    }
    this.#lifecycle.refutation.become(id);
    this.#lifecycle.prober.void();
    if (self.state === 'defunct') self.state = 'idle';
    this.#settle();
  }

  /**
   * Spreads `payload` to the whole cluster, unless the handler says that it is no news: then
   * false. A copy is kept. Throws, with nothing changed: `payload` when it is empty or too
   * large, `broadcast` when there is no handler or it throws, `state`.
   */
  broadcast(payload: Uint8Array, now: number): boolean {
    this.#advance(now);
    if (!takesPart(this.#context.self)) this.#refuse('broadcast');
    const most = this.#view.news.maxUpdateSize - 2;
    if (payload.length < 1 || payload.length > most) {
      throw new SwimError('payload', `a broadcast of 1..${most} bytes, not ${payload.length}`);
    }
    const queued = this.#broadcasts.receive(payload, undefined);
    this.#settle();
    return queued;
  }

  /**
   * Takes in what is known from elsewhere: a stored state, or another node's
   * {@link Swim.membershipState}. `broadcast`: whether to pass on what is news, default true.
   * Throws `identity`, with nothing changed, if a member cannot be encoded.
   */
  applyMany(
    members: Iterable<Member<Id>>,
    now: number,
    options: { readonly broadcast?: boolean | undefined } = {},
  ): void {
    this.#advance(now);
    const { broadcast = true } = options;
    for (const record of canonicalMembers(this.#view.codec, members)) {
      this.#inbox.update(record, undefined, broadcast);
    }
    this.#settle();
  }

  /**
   * Takes in a peer's {@link Swim.membershipState}, received over a stream. A member that failed
   * in the peer's view but is active in ours becomes a suspect, so that it can refute. Throws
   * `time`, or `identity` with nothing changed if a member cannot be encoded.
   */
  mergeState(members: readonly Member<Id>[], now: number): void {
    const { traits, self } = this.#context;
    const { spread, remember } = mergeStates(members, {
      traits,
      ownAddress: self.address,
      memberAt: (address) => this.memberAt(address),
    });
    this.applyMany(spread, now);
    this.applyMany(remember, now, { broadcast: false });
  }

  /** The other active members, alive or suspect, as they are now. */
  members(): IterableIterator<Member<Id>> {
    return snapshots(this.#view, this.#view.table.active);
  }

  /** All that is known of others, Down members included: for {@link Swim.applyMany}. */
  membershipState(): IterableIterator<Member<Id>> {
    return snapshots(this.#view, this.#view.table.all());
  }

  /** What is known of the member at an address, active or not. O(1). */
  memberAt(address: string): Member<Id> | undefined {
    const slot = this.#view.table.find(address);
    return slot === NONE ? undefined : this.#view.snapshot(slot);
  }

  /**
   * 16 hexadecimal digits that two members have in common when they hold the same members,
   * themselves included, to be active, with the same identities and incarnations. O(N).
   */
  digest(): string {
    return digestOf(activeRecords(this.#context, this.#view));
  }

  stats(): SwimStats {
    const { table, news } = this.#view;
    return {
      ...this.#context.counters,
      active: table.active.size,
      down: table.size - table.active.size,
      queuedUpdates: news.length,
      queuedBroadcasts: this.#broadcasts.queue.length,
      queuedBroadcastBytes: this.#broadcasts.queue.byteLength,
      evictedBroadcasts: this.#broadcasts.evicted,
      localHealth: this.#context.health.score,
      timers: this.#context.timers.size,
    };
  }

  #advance(now: number): void {
    const { clock, timers, counters, health, outputs } = this.#context;
    const ms = clock.advance(now, timers.next);
    if (ms === 0) return;
    // We were away: an answer may have been lost through no fault of the one probed.
    counters.gaps++;
    health.change(1);
    this.#lifecycle.prober.void();
    outputs.push({ type: 'paused', ms });
  }

  #refuse(what: string): never {
    throw new SwimError('state', `cannot ${what} while ${this.#context.self.state}`);
  }

  /** What must hold after every input. */
  #settle(): void {
    this.#lifecycle.settle();
    if (takesPart(this.#context.self)) this.#lifecycle.periodic.settle();
  }

  #expire(timer: MemberTimer): void {
    const down = this.#view.expire(timer);
    if (down === undefined) return;
    this.#lifecycle.settle();
    // It may hear us yet, and come back the sooner.
    if (this.#context.config.notifyDown) this.#outbox.send(down, { type: 'turnUndead' });
  }
}
