import { Emitter, toError } from '@shoal/async';
import { overflowError, SyncupError } from '../../errors.ts';
import { ReplicaSyncup } from '../../handshake/replica-syncup.ts';
import type { ReplicaSyncupOptions, RollbackPlan } from '../../handshake/replica-syncup-types.ts';
import type { VlsnRange } from '../../log/log-store.ts';
import { clock, SyncupConnection } from '../connection/syncup-connection.ts';
import { VlsnWaiters } from '../vlsn-waiters.ts';
import type { AckSender } from './ack-sender.ts';
import { Applier } from './applier.ts';
import type { ApplyQueue } from './apply-queue.ts';
import { FeederProgress } from './feeder-progress.ts';
import type { Lag, ReplicaEvent, ResolvedReplicaOptions } from './replica-options.ts';
import type { RestoreTransfer } from './restore-transfer.ts';

/** What {@link ReplicaSession.applyStream} works with. */
export interface IncomingStream {
  readonly connection: SyncupConnection;
  readonly acks: AckSender;
  readonly queue: ApplyQueue;
  /** Takes one message and queues its entries; false at the end of the connection. */
  receive(): Promise<boolean>;
}

/** What outlives the connections of a replica: its log, its lag, an interrupted restore. */
export class ReplicaSession {
  readonly options: ResolvedReplicaOptions;
  /** Fires when the replica is closed. */
  readonly signal: AbortSignal;
  readonly events: Emitter<ReplicaEvent> = new Emitter({ overflowError });
  /** Whether entries arrive, or would if there were any. */
  isStreaming = false;
  /** The highest term seen. */
  term: bigint;
  /** A restore that a lost connection has interrupted. */
  transfer: RestoreTransfer | undefined;
  readonly #progress = new FeederProgress();
  /** The log's last VLSN. A field, because every message asks for it. */
  #applied: bigint;
  /** Whether this attempt has taken an entry or a snapshot, or found that there is none to take. */
  #hasProgressed = false;
  /** What the feeder is known to hold too: nothing before the first handshake. */
  #confirmed = 0n;
  readonly #waiting = new VlsnWaiters();

  constructor(options: ResolvedReplicaOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
    this.term = options.term;
    this.#applied = options.log.range.last;
  }

  get lag(): Lag {
    return this.#progress.lagBehind(this.#applied);
  }

  get hasProgressed(): boolean {
    return this.#hasProgressed;
  }

  /** Another attempt begins. */
  beginAttempt(): void {
    this.#hasProgressed = false;
  }

  async dial(): Promise<SyncupConnection> {
    const { options, signal } = this;
    const connection = await options.dial({ signal });
    return new SyncupConnection({ connection, signal, stepTimeout: options.stepTimeout });
  }

  /** Starts a handshake about the log as it is now. */
  startSyncup(
    peculiarities: Pick<ReplicaSyncupOptions, 'compareLsn' | 'feederEmpty'>,
  ): ReplicaSyncup {
    const { log, stepTimeout, search, flight, barrier, rollback, random } = this.options;
    return new ReplicaSyncup({
      range: log.range,
      chained: log.chained,
      now: clock(),
      random,
      stepTimeout,
      search,
      flight,
      barrier: barrier?.(),
      policy: rollback,
      ...peculiarities,
    });
  }

  /** Rolls the log back as planned and lets the application undo what was cut off. */
  async carryOut(plan: RollbackPlan, feeder: string): Promise<void> {
    const { log, onRollback } = this.options;
    this.events.emit({ type: 'syncup', plan, feeder });
    const { to } = plan.decision;
    if (log.range.last > to) {
      const discarded = await log.rollback(to, `diverged from the feeder ${feeder}`);
      const rollback = { matchpoint: to, discarded, plan };
      await this.callApplication('onRollback', () => onRollback?.(rollback));
      this.events.emit({ type: 'rollback', ...rollback });
    }
    this.#progress.reset();
    this.#advance(log.range.last);
  }

  /** A snapshot has replaced the log, which now holds `range`. */
  async restored(range: VlsnRange): Promise<void> {
    await this.callApplication('onRestore', () => this.options.onRestore?.(range));
    this.#hasProgressed = true;
    this.events.emit({ type: 'restored', range });
    this.#advance(range.last);
  }

  /** Calls the application. Throws `application` if it throws. */
  async callApplication(name: string, call: () => void | Promise<void>): Promise<void> {
    try {
      await call();
    } catch (cause) {
      throw new SyncupError('application', `${name} threw: ${toError(cause).message}`, { cause });
    }
  }

  /** The feeder holds everything up to `vlsn`. */
  noteFeeder(vlsn: bigint): void {
    if (vlsn <= this.#applied) this.#hasProgressed = true;
    this.#progress.reported(vlsn, this.#applied);
  }

  /** Resolves once `vlsn` is applied and the feeder is known to hold it. */
  async applied(vlsn: bigint, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#confirmed < vlsn) await this.#waiting.wait(vlsn, signal);
  }

  /**
   * Applies a stream until its connection ends. Everything that was received is applied before
   * this throws the reason of the end; an error of the log or the application comes first.
   */
  async applyStream({ connection, acks, queue, receive }: IncomingStream): Promise<void> {
    const { log, durable, onEntries } = this.options;
    const applier = new Applier(queue, {
      log,
      durable,
      onEntries:
        onEntries && ((entries) => this.callApplication('onEntries', () => onEntries(entries))),
      onApplied: (vlsn) => {
        acks.send(vlsn);
        this.#hasProgressed = true;
        this.#advance(vlsn);
        this.events.emit({ type: 'progress', ...this.lag });
      },
    });
    let failed: { readonly error: unknown } | undefined;
    const applying = applier.run().catch((error: unknown) => {
      failed = { error };
      connection.fail(toError(error));
    });
    let lost: { readonly error: unknown } | undefined;
    try {
      while (await receive()) if (queue.full) await queue.room();
    } catch (error) {
      lost = { error };
    }
    queue.end();
    await applying;
    acks.end();
    const reason = failed ?? lost;
    if (reason) throw reason.error;
  }

  #advance(last: bigint): void {
    this.#applied = last;
    this.#confirmed = last;
    this.#progress.applied(last);
    this.#waiting.reached(last);
  }
}
