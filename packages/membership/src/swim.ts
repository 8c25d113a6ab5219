import type { Member } from '@shoal/wire';
import { checkConfig, lifeguardParts } from './config.ts';
import { type Context, type SwimState, type Task, takesPart } from './context.ts';
import { BroadcastQueue } from './dissemination/broadcast-queue.ts';
import { Outbox } from './dissemination/outbox.ts';
import { SwimError } from './errors.ts';
import { type Output, OutputQueue } from './events.ts';
import { Inbox } from './inbox.ts';
import { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Machine } from './machine.ts';
import { MachineClock } from './machine-clock.ts';
import { AddressBook, NONE } from './members/address-book.ts';
import { ClusterView } from './members/cluster-view.ts';
import { digestOf } from './members/digest.ts';
import { activeRecords, canonicalMembers, snapshots } from './members/full-state.ts';
import { MemberTimer } from './members/member-timer.ts';
import { LocalHealth } from './probing/local-health.ts';
import { newCounters, type SwimStats } from './stats.ts';
import type { SwimOptions } from './swim-options.ts';
import { TimerQueue } from './timer-queue.ts';

export type { SwimOptions };

/**
 * The SWIM protocol for one member, without I/O. Tell it the time and what arrived; it says what
 * to send and what happened. Change it, then drain {@link Swim.poll} until it is empty, and call
 * {@link Swim.tick} at {@link Swim.nextDeadline}. Every method with a parameter `now` takes the
 * time in ms of one clock, whose origin does not matter, and throws a {@link SwimError} with code
 * `time` if it is not a finite number.
 */
export class Swim<Id> {
  readonly #context: Context<Id>;
  readonly #inbox: Inbox<Id>;
  readonly #view: ClusterView<Id>;
  readonly #broadcasts: BroadcastQueue<Id>;
  readonly #outbox: Outbox<Id>;
  readonly #lifecycle: Lifecycle<Id>;

  /**
   * Throws a {@link SwimError}: `config` for a setting outside its range, `identity` if the
   * identity cannot be sent.
   */
  constructor(options: SwimOptions<Id>) {
    checkConfig(options.config);
    const context = makeContext(options);
    const view = new ClusterView(context, options.addresses ?? new AddressBook<Id>());
    const broadcasts = new BroadcastQueue(options.broadcasts, options.config);
    const outbox = new Outbox(context, view, broadcasts);
    const machine: Machine<Id> = { ...context, view, broadcasts, outbox };
    const lifecycle = new Lifecycle(machine);
    this.#inbox = new Inbox(machine, lifecycle);
    this.#context = context;
    this.#view = view;
    this.#broadcasts = broadcasts;
    this.#outbox = outbox;
    this.#lifecycle = lifecycle;
  }

  /** The current identity of this member. */
  get identity(): Id {
    return this.#context.self.identity;
  }

  /** Grows whenever this member refutes a suspicion; 0 under a new identity. */
  get incarnation(): number {
    return this.#context.self.incarnation;
  }

  get state(): SwimState {
    return this.#context.self.state;
  }

  /** When to call {@link Swim.tick} next, in ms of the caller's clock; Infinity if never. */
  get nextDeadline(): number {
    return this.#context.clock.toCaller(this.#context.timers.next);
  }

  /** How many other members are active. */
  get activeCount(): number {
    return this.#view.table.active.size;
  }

  /**
   * Takes in a datagram. Whatever it contains, this does not throw; input that is refused comes
   * out as a `rejected` event. The bytes are not kept.
   */
  receive(datagram: Uint8Array, now: number): void {
    this.#advance(now);
    this.#inbox.receive(datagram);
    this.#lifecycle.settleAll();
  }

  /** Does what is due at `now`. Calling it early, late or for nothing does no harm. */
  tick(now: number): void {
    this.#advance(now);
    const { timers, clock } = this.#context;
    for (;;) {
      const timer = timers.takeDue(clock.now);
      if (timer === undefined) break;
      if (timer instanceof MemberTimer) this.#expire(timer);
      else timer.run();
    }
    this.#lifecycle.settleAll();
  }

  /** The next output, in order; undefined if there are no more. */
  poll(): Output<Id> | undefined {
    return this.#context.outputs.take();
  }

  /**
   * Asks the member at the address of `to` to let this one join its cluster; the rest of `to`
   * does not matter. Sends one datagram, which may be lost: repeat it until the event `active`.
   * Throws, with nothing sent: `state` while leaving or defunct; `identity` if `to` cannot be
   * encoded, or has this member's own address.
   */
  announce(to: Id, now: number): void {
    this.#advance(now);
    this.#checkTakesPart('announce');
    const { traits, self } = this.#context;
    if (traits.address(to) === self.address) {
      throw new SwimError('identity', `cannot announce to itself, ${self.address}`);
    }
    if (!this.#outbox.send(to, { type: 'announce' })) {
      throw new SwimError('identity', `cannot encode the identity at ${traits.address(to)}`);
    }
    this.#lifecycle.settleAll();
  }

  /**
   * Reports that `target`, the member of a `probeOverdue` event, answered by other means than
   * datagrams, such as a stream. If no ack comes either, that probe ends as `answered-by-stream`
   * and not as `failed`. Local health stays as it is: the answer says nothing about datagrams.
   * Returns false, and changes nothing, if that probe is over. Source: memberlist's fallback ping
   * over TCP, in `probeNode`.
   */
  probeAnswered(target: Id, probeNumber: number, now: number): boolean {
    this.#advance(now);
    return this.#lifecycle.probeAnswered(target, probeNumber);
  }

  /** Sends what is queued to some random members at once. */
  gossip(now: number): void {
    this.#advance(now);
    if (this.#context.self.state === 'active') this.#lifecycle.gossip();
    this.#lifecycle.settleAll();
  }

  /**
   * Says goodbye until enough members know or `leaveTimeout` has passed; the event `defunct`
   * reports the end. Does nothing while leaving or defunct.
   */
  leave(now: number): void {
    this.#advance(now);
    this.#lifecycle.leave();
  }

  /**
   * Takes another identity, for example with other metadata, and tells the cluster, which sees
   * `memberUpdated`. Brings a defunct member back. It cancels the probe under way, so it should
   * not come more than once a probe period. Throws, with nothing changed: `state` while leaving;
   * `identity` unless `id` can be sent, and wins over the current one or has a free address.
   */
  updateIdentity(id: Id, now: number): void {
    this.#advance(now);
    const { traits, self } = this.#context;
    if (self.state === 'leaving') this.#refuse('change the identity');
    const address = traits.address(id);
    if (address === self.address) {
      if (traits.equals(id, self.identity) || !traits.wins(id, self.identity)) {
        throw new SwimError('identity', 'the identity does not win over the current one');
      }
    } else if (this.#view.table.isActiveAt(address)) {
      throw new SwimError('identity', `${address} is the address of an active member`);
    }
    this.#lifecycle.become(id);
    this.#lifecycle.settleAll();
  }

  /**
   * Spreads a copy of `payload` to the whole cluster. Returns false if the handler says that it is
   * not new. Throws, with nothing changed: `payload` if it is empty or too large, `broadcast` if
   * there is no handler or it throws, `state` while leaving or defunct.
   */
  broadcast(payload: Uint8Array, now: number): boolean {
    this.#advance(now);
    this.#checkTakesPart('broadcast');
    const most = this.#view.updates.maxUpdateSize - 2;
    if (payload.length < 1 || payload.length > most) {
      throw new SwimError('payload', `a broadcast has 1..${most} bytes, not ${payload.length}`);
    }
    const queued = this.#broadcasts.receive(payload, undefined);
    this.#lifecycle.settleAll();
    return queued;
  }

  /**
   * Takes in members that are known from elsewhere, such as a stored
   * {@link Swim.membershipState}. `broadcast`: whether to pass on what is new; default true. An
   * unknown Down member is remembered for `removeDownAfter` from `now`.
   * Throws `identity`, with nothing changed, if a member cannot be encoded.
   */
  applyMany(
    members: Iterable<Member<Id>>,
    now: number,
    options: { readonly broadcast?: boolean | undefined } = {},
  ): void {
    this.#advance(now);
    const spread = (options.broadcast ?? true) ? 'spread' : 'keep';
    const { traits, counters } = this.#context;
    for (const member of canonicalMembers(this.#view.codec, members)) {
      if (traits.isPossible?.(member.id) === false) {
        counters.impossibleUpdates++;
        continue;
      }
      this.#lifecycle.update(member, undefined, spread);
    }
    this.#lifecycle.settleAll();
  }

  /** The other active members, alive or suspect, as they are now, in no particular order. */
  members(): IterableIterator<Member<Id>> {
    return snapshots(this.#view, this.#view.table.active);
  }

  /** Everything that is known about others, Down members included: for {@link Swim.applyMany}. */
  membershipState(): IterableIterator<Member<Id>> {
    return snapshots(this.#view, this.#view.table.all());
  }

  /** What is known about the member at an address, even if it is down. O(1). */
  memberAt(address: string): Member<Id> | undefined {
    const slot = this.#view.table.find(address);
    return slot === NONE ? undefined : this.#view.snapshot(slot);
  }

  /**
   * 16 hexadecimal digits, equal for two members that hold the same members active, themselves
   * included, with the same identities and incarnations. O(N).
   */
  digest(): string {
    return digestOf(activeRecords(this.#context, this.#view));
  }

  stats(): SwimStats {
    const { table, updates } = this.#view;
    return {
      ...this.#context.counters,
      active: table.active.size,
      down: table.size - table.active.size,
      queuedUpdates: updates.length,
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
    // An answer may have been lost while this process was away, through no fault of the target.
    counters.gaps++;
    health.change(1);
    this.#lifecycle.cancelProbe();
    outputs.push({ type: 'paused', ms });
  }

  #checkTakesPart(what: string): void {
    if (!takesPart(this.#context.self)) this.#refuse(what);
  }

  #refuse(what: string): never {
    throw new SwimError('state', `cannot ${what} while ${this.#context.self.state}`);
  }

  #expire(timer: MemberTimer): void {
    const down = this.#view.expire(timer);
    if (down === undefined) return;
    this.#lifecycle.settle();
    // It may still hear this, and then come back sooner.
    if (this.#context.config.notifyDown) this.#outbox.send(down, { type: 'turnUndead' });
  }
}

function makeContext<Id>(options: SwimOptions<Id>): Context<Id> {
  const { identity, traits, codec, config, random, admit } = options;
  const lifeguard = codec.lifeguard ? lifeguardParts(config) : undefined;
  const clock = new MachineClock(config.probePeriod);
  const timers: Context<Id>['timers'] = new TimerQueue<Task | MemberTimer>();
  return {
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
    admit,
    self: { identity, address: traits.address(identity), incarnation: 0, state: 'idle' },
  };
}
