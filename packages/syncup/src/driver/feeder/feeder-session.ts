import { Emitter } from '@shoal/async';
import { overflowError, SyncupError } from '../../errors.ts';
import type { Retention } from '../../log/log-store.ts';
import { AckTracker } from './ack-tracker.ts';
import type {
  Dialect,
  FeederEvent,
  ReplicaStatus,
  ResolvedFeederOptions,
} from './feeder-options.ts';
import { SnapshotPool } from './snapshot-pool.ts';

/** A replica that a stream goes to. */
export interface ServedReplica extends ReplicaStatus {
  acked: bigint;
  sent: bigint;
}

/** What all connections of a feeder share. */
export class FeederSession {
  readonly options: ResolvedFeederOptions;
  /** Fires when the feeder is closed. */
  readonly signal: AbortSignal;
  readonly events: Emitter<FeederEvent> = new Emitter({ overflowError });
  readonly acks: AckTracker = new AckTracker();
  readonly snapshots: SnapshotPool;
  readonly #served = new Set<ServedReplica>();
  readonly #graces = new Map<Retention, ReturnType<typeof setTimeout>>();

  constructor(options: ResolvedFeederOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
    const { log, maxRestores, restoreGrace } = options;
    this.snapshots = new SnapshotPool({ log, signal, limit: maxRestores, grace: restoreGrace });
  }

  replicas(): ReplicaStatus[] {
    return Array.from(this.#served, (served) => ({ ...served }));
  }

  /** A stream to a replica begins after `vlsn`. */
  begin(replica: {
    readonly name: string;
    readonly address: string;
    readonly dialect: Dialect;
    readonly vlsn: bigint;
  }): ServedReplica {
    const { vlsn, ...identity } = replica;
    const served: ServedReplica = { ...identity, acked: vlsn, sent: vlsn };
    this.#served.add(served);
    this.acks.begin(served.name, vlsn);
    this.events.emit({ type: 'streaming', ...served });
    return served;
  }

  /** The stream to a replica has ended. */
  end(served: ServedReplica): void {
    this.#served.delete(served);
  }

  /** Takes an acknowledgement. Throws `protocol` if the entry was never sent. */
  acknowledge(served: ServedReplica, vlsn: bigint): void {
    if (vlsn > served.sent) {
      const found = `acknowledged VLSN ${vlsn}, but ${served.sent} was the last one sent`;
      throw new SyncupError('protocol', `the replica ${found}`);
    }
    if (vlsn <= served.acked) return;
    served.acked = vlsn;
    this.acks.advance(served.name, vlsn);
    const { majority, log } = this.options;
    if (majority > 0) log.noteDurable(this.acks.heldBy(majority));
    this.events.emit({ type: 'ack', ...served });
  }

  /** Keeps the log from `from` on for `ms`, for a replica that is about to connect again. */
  retainFor(ms: number, from: bigint): void {
    const retention = this.options.log.retain(from);
    const timer = setTimeout(() => {
      this.#graces.delete(retention);
      retention[Symbol.dispose]();
    }, ms);
    this.#graces.set(retention, timer);
  }

  /** Releases everything. Callers that wait for acknowledgements get `reason`. */
  async dispose(reason: Error): Promise<void> {
    this.acks.close(reason);
    for (const [retention, timer] of this.#graces) {
      clearTimeout(timer);
      retention[Symbol.dispose]();
    }
    this.#graces.clear();
    await this.snapshots.dispose();
    this.events.end();
  }
}
