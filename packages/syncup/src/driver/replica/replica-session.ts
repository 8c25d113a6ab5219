import { SyncupError } from '../../errors.ts';
import { ReplicaSyncup, type RollbackPlan } from '../../handshake/replica-syncup.ts';
import type { VlsnRange } from '../../log/log-store.ts';
import { clock, closeTimeoutOf, Link, toError } from '../connection/syncup-connection.ts';
import type { Emitter } from '../emitter.ts';
import { VlsnWaiters } from '../vlsn-waiters.ts';
import type { AckSender } from './ack-sender.ts';
import { Applier } from './applier.ts';
import { ApplyQueue } from './apply-queue.ts';
import type { Lag, ReplicaEvents, ReplicaOptions } from './replica-options.ts';
import type { RestoreTransfer } from './restore-transfer.ts';

/** Marks of how far the feeder was, and when that was learnt. */
const MAX_MARKS = 64;

/** What outlives a replica's connections: its log, its lag, a transfer that was cut. */
export class ReplicaSession {
  readonly options: ReplicaOptions;
  readonly events: Emitter<ReplicaEvents>;
  readonly signal: AbortSignal;
  /** The highest term seen. */
  term: bigint;
  /** A restore that a lost connection has interrupted. */
  transfer: RestoreTransfer | undefined;
  #feederLast = 0n;
  /** The log's last VLSN, kept here since it is asked for with every frame. */
  #applied: bigint;
  /** As much of it as is known to be the feeder's too: nothing before the first handshake. */
  #confirmed = 0n;
  readonly #marks: { vlsn: bigint; at: number }[] = [];
  readonly #waiting = new VlsnWaiters();

  constructor(options: ReplicaOptions, events: Emitter<ReplicaEvents>, signal: AbortSignal) {
    this.options = options;
    this.events = events;
    this.signal = signal;
    this.term = options.term ?? 0n;
    this.#applied = options.log.range.last;
  }

  get lag(): Lag {
    const applied = this.#applied;
    const ahead = this.#feederLast - applied;
    const entries = ahead < 0n ? 0n : ahead;
    const oldest = this.#marks[0];
    return {
      applied,
      feederLast: applied + entries,
      entries,
      ms: oldest === undefined ? 0 : clock() - oldest.at,
    };
  }

  async dial(): Promise<Link> {
    const connection = await this.options.dial({ signal: this.signal });
    return new Link(connection, this.signal, closeTimeoutOf(this.options));
  }

  /** A handshake with the log as it is now. */
  machine(extra: { compareLsn?: boolean; feederEmpty?: boolean }): ReplicaSyncup {
    const {
      log,
      stepTimeout,
      search,
      flight,
      barrier,
      rollback,
      random = Math.random,
    } = this.options;
    return new ReplicaSyncup({
      range: log.range,
      chained: log.chained,
      now: clock(),
      random,
      ...(stepTimeout === undefined ? {} : { stepTimeout }),
      ...(search === undefined ? {} : { search }),
      ...(flight === undefined ? {} : { flight }),
      ...(barrier === undefined ? {} : { barrier: barrier() }),
      ...(rollback === undefined ? {} : { policy: rollback }),
      ...extra,
    });
  }

  /** Rolls the log back and lets the application undo what was cut off. */
  async carryOut(plan: RollbackPlan, feeder: string): Promise<void> {
    const { log, onRollback } = this.options;
    this.events.emit('syncup', { plan, feeder });
    const { to } = plan.decision;
    if (log.range.last > to) {
      const discarded = await log.rollback(to, `diverged from the feeder ${feeder}`);
      const rollback = { matchpoint: to, discarded, plan };
      await this.callback('onRollback', () => onRollback?.(rollback));
      this.events.emit('rollback', rollback);
    }
    this.#feederLast = 0n;
    this.#marks.length = 0;
    this.#release(log.range.last);
  }

  async restored(range: VlsnRange): Promise<void> {
    await this.callback('onRestore', () => this.options.onRestore?.(range));
    this.events.emit('restored', { range });
    this.#release(range.last);
  }

  /** Calls the application; what it throws is fatal. */
  async callback(name: string, call: () => void | Promise<void>): Promise<void> {
    try {
      await call();
    } catch (cause) {
      throw new SyncupError('application', `${name} failed: ${toError(cause).message}`, { cause });
    }
  }

  /** The feeder holds everything up to `vlsn`. */
  noteFeeder(vlsn: bigint): void {
    if (vlsn <= this.#feederLast) return;
    this.#feederLast = vlsn;
    if (vlsn <= this.#applied) return;
    const mark = { vlsn, at: clock() };
    // When they run out, the newest one speaks for those that are left out.
    if (this.#marks.length === MAX_MARKS) this.#marks[MAX_MARKS - 1]!.vlsn = vlsn;
    else this.#marks.push(mark);
  }

  /** Resolves once `vlsn` is applied, and known to be what the feeder holds. */
  async applied(vlsn: bigint, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#confirmed >= vlsn) return;
    await this.#waiting.wait(vlsn, signal);
  }

  #release(last: bigint): void {
    this.#applied = last;
    this.#confirmed = last;
    while (this.#marks.length > 0 && this.#marks[0]!.vlsn <= last) this.#marks.shift();
    this.#waiting.reached(last);
  }

  /**
   * Receives and applies until the connection ends: `receive` pushes entries and returns false
   * at the end. Whatever was received is applied, then the reason of the end is thrown.
   */
  async stream(
    link: Link,
    acks: AckSender,
    receive: (queue: ApplyQueue) => Promise<boolean>,
  ): Promise<void> {
    const { log, durable, onEntries, maxPendingBytes = 2 << 20 } = this.options;
    const queue = new ApplyQueue(maxPendingBytes);
    const applier = new Applier(queue, {
      log,
      durable,
      onEntries: onEntries && ((entries) => this.callback('onEntries', () => onEntries(entries))),
      onApplied: (vlsn) => {
        acks.send(vlsn);
        this.#release(vlsn);
        this.events.emit('progress', this.lag);
      },
    });
    let failure: { error: unknown } | undefined;
    const applying = applier.run().catch((error: unknown) => {
      failure = { error };
      link.abort(toError(error));
    });
    let lost: { error: unknown } | undefined;
    try {
      while (await receive(queue)) if (queue.full) await queue.room();
    } catch (error) {
      lost = { error };
    }
    queue.end();
    await applying;
    acks.end();
    // The application's own fault comes first: it has broken the connection off.
    const reason = failure ?? lost;
    if (reason) throw reason.error;
  }
}
