import { Emitter, type EventOfType, onAbort, sleep, toError, Waiters } from '@shoal/async';
import type { DatagramTransport } from '@shoal/transport';
import type { Member, SwimCodec } from '@shoal/wire';
import type { SwimConfig } from '../config.ts';
import { takesPart } from '../context.ts';
import { SwimError } from '../errors.ts';
import { ExchangeSchedule } from '../lifecycle/exchange-schedule.ts';
import { Joiner, type JoinRetry } from '../lifecycle/joiner.ts';
import type { IdentityTraits } from '../members/identity.ts';
import { mergeStates } from '../members/merge-states.ts';
import type { Swim } from '../swim.ts';
import { DatagramHealth } from './datagram-health.ts';
import type { DriverEvent, StreamsOptions, UnansweredSeed } from './options.ts';
import { Streams } from './streams.ts';
import { TickTimer } from './tick-timer.ts';

/** What a {@link SwimRunner} is made of. */
export interface RunnerParts<Id> {
  /** The machine, which nothing else may drain. */
  readonly swim: Swim<Id>;
  readonly traits: IdentityTraits<Id>;
  readonly config: SwimConfig;
  readonly random: () => number;
  readonly transport: DatagramTransport;
  readonly joinRetry: JoinRetry;
  readonly lookUpSeeds: () => readonly Id[] | Promise<readonly Id[]>;
  readonly streams: CheckedStreamsOptions<Id> | undefined;
  readonly signal: AbortSignal | undefined;
  /** Receives each event before the listeners do. */
  readonly onEvent: ((event: DriverEvent<Id>) => void) | undefined;
}

/** {@link StreamsOptions} with defaults filled in, and what streams say about the cluster. */
export interface CheckedStreamsOptions<Id> extends StreamsOptions<Id> {
  readonly interval: number;
  readonly timeout: number;
  readonly maxServed: number;
  readonly codec: SwimCodec<Id>;
  /** The tag of the cluster's label. */
  readonly label: number;
}

/**
 * Runs a {@link Swim}: moves its bytes, sets its timer, looks up its seeds and holds its streams.
 * The machine, the {@link Joiner} and the {@link ExchangeSchedule} decide what to do, and when.
 */
export class SwimRunner<Id> {
  readonly swim: Swim<Id>;
  readonly emitter: Emitter<DriverEvent<Id>> = new Emitter({ overflowError });
  readonly streams: Streams<Id> | undefined;
  /** Datagrams that the transport did not take. */
  sendsRefused = 0;
  closed = false;
  readonly #parts: RunnerParts<Id>;
  readonly #joiner: Joiner<Id>;
  readonly #exchanges: ExchangeSchedule<Id> | undefined;
  readonly #datagramHealth = new DatagramHealth();
  readonly #timer = new TickTimer(() => this.#tick());
  readonly #joined = new Waiters();
  readonly #left = new Waiters();
  #draining = false;
  #closing: Promise<void> | undefined;
  #cancelAbort: () => void = () => {};

  constructor(parts: RunnerParts<Id>) {
    const { swim, traits, random, transport, streams } = parts;
    this.swim = swim;
    this.#parts = parts;
    this.#joiner = new Joiner({ swim, traits, random, retry: parts.joinRetry });
    if (streams) {
      const { interval } = streams;
      this.streams = this.#makeStreams(streams);
      this.#exchanges = new ExchangeSchedule({ swim, random, interval }, performance.now());
    }
    transport.receive((_from, bytes) => {
      this.#timer.onInput();
      this.act((now) => swim.receive(bytes, now));
    });
    this.#cancelAbort = onAbort(parts.signal, () => void this.close());
    if (!this.closed) this.join();
  }

  /** Changes the machine, then drains it. Throws `state` once closed. */
  act<Result>(change: (now: number) => Result): Result {
    if (this.closed) throw closedError();
    try {
      return change(performance.now());
    } finally {
      this.#drain();
    }
  }

  /** Tries to join now, as for the first time. */
  join(): void {
    this.#joiner.start(performance.now());
    this.#startDue();
  }

  /** Resolves once the state is `active`. Rejects with the signal's reason, or `state`. */
  async active(signal: AbortSignal | undefined): Promise<void> {
    if (this.swim.state === 'active') return;
    if (this.closed) throw closedError();
    if (this.swim.state === 'defunct') throw defunctError();
    await this.#joined.wait({ signal });
  }

  /** Says goodbye, for at most `timeout` ms. Rejects with the signal's reason. */
  async leave(timeout: number, given: AbortSignal | undefined): Promise<void> {
    given?.throwIfAborted();
    if (this.closed) return;
    this.#joiner.stop();
    this.act((now) => this.swim.leave(now));
    if (this.swim.state === 'defunct') return;
    const done = new AbortController();
    const cancelAbort = onAbort(given, () => done.abort(given?.reason));
    const { signal } = done;
    try {
      await Promise.race([this.#left.wait({ signal }), sleep(timeout, { signal })]);
    } finally {
      cancelAbort();
      done.abort();
    }
  }

  /** Stops at once. Further calls wait for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.closed = true;
    this.#cancelAbort();
    this.#joiner.stop();
    this.#timer.stop();
    this.#parts.transport.receive(() => {});
    this.emitter.end();
    this.#joined.rejectAll(closedError());
    this.#left.resolveAll();
    await Promise.all([this.#parts.transport.close(), this.streams?.close()]);
  }

  /** Never re-entrant: what a listener causes comes after the current event has reached all. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let output = this.swim.poll(); output !== undefined; output = this.swim.poll()) {
        if (this.closed) return;
        if (output.type === 'transmit') this.#transmit(output.to, output.bytes);
        else this.#report(output);
      }
    } finally {
      this.#draining = false;
    }
    this.#arm();
  }

  #transmit(to: Id, bytes: Uint8Array): void {
    const { transport, traits } = this.#parts;
    if (!transport.send(traits.address(to), bytes)) this.sendsRefused++;
  }

  /** Reacts to an event, and tells the layer above and the listeners. */
  #report(event: DriverEvent<Id>): void {
    if (this.closed) return;
    if (event.type === 'active') this.#joined.resolveAll();
    else if (event.type === 'idle') this.join();
    else if (event.type === 'defunct') this.#onDefunct();
    else if (event.type === 'probeOverdue') void this.#pingOverdue(event);
    this.#parts.onEvent?.(event);
    this.emitter.emit(event);
    if (event.type === 'memberUp' || event.type === 'memberUpdated') this.#checkReach(event);
    if (event.type === 'probe') this.#watchDatagrams(event);
    else if (event.type === 'memberDown') this.#forgetDatagrams(event.member.id);
  }

  #onDefunct(): void {
    this.#joiner.stop();
    this.#joined.rejectAll(defunctError());
    this.#left.resolveAll();
  }

  #addressOf(id: Id): string {
    return this.#parts.traits.address(id);
  }

  #tick(): void {
    this.act((now) => this.swim.tick(now));
    if (!this.closed) this.#startDue();
  }

  #arm(): void {
    if (this.closed) return;
    this.#timer.arm(
      Math.min(
        this.swim.nextDeadline,
        this.#joiner.nextDeadline,
        this.#exchanges?.nextDeadline ?? Number.POSITIVE_INFINITY,
      ),
    );
  }

  /** Starts the attempt to join and the exchange of states that are due. */
  #startDue(): void {
    const now = performance.now();
    if (this.#joiner.expire(now)) this.#reportJoinFailed(lookUpError());
    const attempt = this.#joiner.tick(now);
    if (attempt !== undefined) {
      this.#reportUnanswered();
      void this.#attemptToJoin(attempt);
    }
    const partner = this.#exchanges?.tick(now);
    if (partner !== undefined) void this.streams?.exchange(partner);
    this.#arm();
  }

  /** Never rejects. */
  async #attemptToJoin(attempt: number): Promise<void> {
    try {
      const seeds = await this.#parts.lookUpSeeds();
      for (const seed of this.#joiner.choose(attempt, seeds)) this.#approach(attempt, seed);
    } catch (error) {
      this.#joinFailed(attempt, error);
    }
    this.#joiner.finish(attempt, performance.now());
    this.#arm();
  }

  /** Announces to a seed. One that is not an address must not keep the others from being tried. */
  #approach(attempt: number, seed: Id): void {
    try {
      this.act((now) => this.swim.announce(seed, now));
      void this.streams?.exchange(seed);
      if (this.swim.state === 'active') void this.#identify(seed);
    } catch (error) {
      this.#joinFailed(attempt, error);
    }
  }

  /** Finds out which member answers at a seed that is none by its address. Never rejects. */
  async #identify(seed: Id): Promise<void> {
    const member = await this.streams?.ping(seed, this.#parts.config.probePeriod);
    if (member !== undefined) this.#joiner.answered(seed, member.id);
  }

  #joinFailed(attempt: number, error: unknown): void {
    if (this.#joiner.isCurrent(attempt)) this.#reportJoinFailed(lookUpFailed(error));
  }

  #reportJoinFailed(error: SwimError, seeds: readonly UnansweredSeed<Id>[] = []): void {
    this.#report({ type: 'joinFailed', error, seeds });
  }

  /** Reports the seeds of a lap that has brought no answer, each with the reason if it is known. */
  #reportUnanswered(): void {
    const { transport } = this.#parts;
    const seeds = this.#joiner.takeUnanswered().map((seed): UnansweredSeed<Id> => {
      const address = this.#addressOf(seed);
      return { seed, address, error: transport.unreachable?.(address) ?? noAnswer(address) };
    });
    if (seeds.length > 0) this.#reportJoinFailed(joinError(seeds), seeds);
  }

  /** Tries a stream because datagrams are overdue. Never rejects. */
  async #pingOverdue(probe: { readonly target: Id; readonly probeNumber: number }): Promise<void> {
    const { traits, config } = this.#parts;
    const { target, probeNumber } = probe;
    // After the probe period, an answer would come too late.
    const member = await this.streams?.ping(target, config.probePeriod);
    if (member === undefined || this.closed) return;
    this.act((now) => {
      this.swim.applyMany([member], now);
      if (traits.equals(member.id, target)) this.swim.probeAnswered(target, probeNumber, now);
    });
  }

  /** Reports members that answer over streams only. */
  #watchDatagrams(probe: EventOfType<DriverEvent<Id>, 'probe'>): void {
    const address = this.#addressOf(probe.target);
    const type = this.#datagramHealth.onProbe(address, probe.outcome);
    if (type !== undefined) this.#report({ type, address });
  }

  /** Reports a member that no datagram can get to from here. */
  #checkReach({ member }: { readonly member: Member<Id> }): void {
    const error = this.#parts.transport.unreachable?.(this.#addressOf(member.id));
    if (error !== undefined) this.#report({ type: 'memberUnreachable', member, error });
  }

  #forgetDatagrams(id: Id): void {
    this.#datagramHealth.forget(this.#addressOf(id));
  }

  #makeStreams(options: CheckedStreamsOptions<Id>): Streams<Id> {
    const { swim } = this;
    const { traits } = this.#parts;
    return new Streams(options, {
      codec: options.codec,
      label: options.label,
      maxMembers: this.#parts.config.maxMembers,
      localAddress: this.#parts.transport.localAddress,
      addressOf: (id) => this.#addressOf(id),
      digest: () => BigInt(`0x${swim.digest()}`),
      self() {
        if (!takesPart(swim)) return undefined;
        return { id: swim.identity, incarnation: swim.incarnation, state: 'alive' };
      },
      others: () => [...swim.membershipState()],
      merge: (members) => this.act((now) => mergeStates({ swim, traits, members, now })),
      report: (event) => this.#report(event),
    });
  }
}

function overflowError(capacity: number): SwimError {
  return new SwimError('overflow', `more than ${capacity} events were not read in time`);
}

function noAnswer(address: string): SwimError {
  return new SwimError('timeout', `no answer from ${address}`);
}

/** How many seeds the message of an error names. */
const NAMED_SEEDS = 5;

function joinError(seeds: readonly UnansweredSeed<unknown>[]): SwimError {
  const reasons = seeds.slice(0, NAMED_SEEDS).map(({ error }) => error.message);
  if (seeds.length > NAMED_SEEDS) reasons.push(`and ${seeds.length - NAMED_SEEDS} more`);
  return new SwimError('join', `no seed could be joined: ${reasons.join('; ')}`);
}

/** The error of an attempt: one of the application, or of a seed that is none. */
function lookUpFailed(error: unknown): SwimError {
  if (error instanceof SwimError) return error;
  const cause = toError(error);
  return new SwimError('join', `the seeds could not be looked up: ${cause.message}`, { cause });
}

function lookUpError(): SwimError {
  const hint = 'check `seeds`, or raise `joinRetry.lookUpTimeout`';
  return new SwimError('timeout', `the seeds were not looked up in time: ${hint}`);
}

function closedError(): SwimError {
  return new SwimError('state', 'the membership is closed');
}

function defunctError(): SwimError {
  return new SwimError('state', 'this member is defunct: it has left or was declared down');
}
