import { SyncupError } from '../../errors.ts';
import type { Retention, Snapshot } from '../../log/log-store.ts';
import { Emitter } from '../emitter.ts';
import { AckTracker } from './ack-tracker.ts';
import type { FeederEvents, FeederOptions, ReplicaStatus } from './feeder-options.ts';

/** A replica that is being streamed to. */
export interface Served {
  readonly name: string;
  readonly address: string;
  readonly dialect: 'shoal' | 'noxu';
  acked: bigint;
  sent: bigint;
}

/** What all connections of a feeder share. */
export class FeederSession {
  readonly options: FeederOptions;
  readonly signal: AbortSignal;
  readonly events: Emitter<FeederEvents> = new Emitter<FeederEvents>();
  readonly acks: AckTracker = new AckTracker();
  readonly served: Set<Served> = new Set();
  readonly #snapshots = new Map<bigint, { snapshot: Snapshot; users: number; timer?: Timer }>();
  readonly #graces = new Map<Retention, Timer>();
  #restores = 0;

  constructor(options: FeederOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
  }

  status(served: Served): ReplicaStatus {
    return { ...served };
  }

  /** A replica begins to be streamed to, from behind `vlsn` on. */
  begin(name: string, address: string, dialect: Served['dialect'], vlsn: bigint): Served {
    const served: Served = { name, address, dialect, acked: vlsn, sent: vlsn };
    this.served.add(served);
    this.acks.begin(name, vlsn);
    this.events.emit('streaming', this.status(served));
    return served;
  }

  /** Throws `protocol` for an acknowledgement of what was never sent. */
  acknowledge(served: Served, vlsn: bigint): void {
    if (vlsn > served.sent) {
      const text = `VLSN ${vlsn} was acknowledged, but ${served.sent} was the last one sent`;
      throw new SyncupError('protocol', text);
    }
    if (vlsn <= served.acked) return;
    served.acked = vlsn;
    this.acks.advance(served.name, vlsn);
    const { majority = 0, log } = this.options;
    if (majority > 0) log.noteDurable(this.acks.heldBy(majority));
    this.events.emit('ack', this.status(served));
  }

  /** Keeps the head of the log for a while, for a replica that will come back at once. */
  keepFor(from: bigint, ms: number): void {
    const retention = this.options.log.retain(from);
    const timer = setTimeout(() => {
      this.#graces.delete(retention);
      retention[Symbol.dispose]();
    }, ms);
    this.#graces.set(retention, timer);
  }

  /** Begins a restore. Throws `restore-needed` when there are too many, or none is offered. */
  async openSnapshot(id?: bigint): Promise<Snapshot> {
    const { log, restore = true, maxRestores = 2 } = this.options;
    if (!restore || this.#restores >= maxRestores) {
      const text = restore ? `${maxRestores} full copies are going out` : 'no full copy to be had';
      throw new SyncupError(restore ? 'remote' : 'restore-needed', text);
    }
    this.#restores++;
    const known = id === undefined ? undefined : this.#snapshots.get(id);
    if (known !== undefined) {
      clearTimeout(known.timer);
      known.users++;
      return known.snapshot;
    }
    try {
      const snapshot = await log.exportSnapshot();
      const same = this.#snapshots.get(snapshot.id);
      if (same === undefined) {
        this.#snapshots.set(snapshot.id, { snapshot, users: 1 });
        return snapshot;
      }
      await snapshot[Symbol.asyncDispose]();
      clearTimeout(same.timer);
      same.users++;
      return same.snapshot;
    } catch (error) {
      this.#restores--;
      throw error;
    }
  }

  /** Ends a restore; unless it is `complete`, its snapshot is kept to be gone on with. */
  async closeSnapshot(snapshot: Snapshot, complete: boolean): Promise<void> {
    this.#restores--;
    const held = this.#snapshots.get(snapshot.id);
    if (held === undefined || --held.users > 0) return;
    const drop = async (): Promise<void> => {
      this.#snapshots.delete(snapshot.id);
      await snapshot[Symbol.asyncDispose]();
    };
    if (complete || this.signal.aborted) await drop();
    else held.timer = setTimeout(() => void drop(), this.options.restoreGrace ?? 300_000);
  }

  /** Lets go of everything. */
  async dispose(reason: Error): Promise<void> {
    this.acks.close(reason);
    for (const [retention, timer] of this.#graces) {
      clearTimeout(timer);
      retention[Symbol.dispose]();
    }
    this.#graces.clear();
    for (const { snapshot, timer } of this.#snapshots.values()) {
      clearTimeout(timer);
      await snapshot[Symbol.asyncDispose]();
    }
    this.#snapshots.clear();
  }
}

type Timer = ReturnType<typeof setTimeout>;
