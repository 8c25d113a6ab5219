import { type EntryKinds, type LogStore, MAX_PAYLOAD, type NewEntry } from '@shoal/syncup';
import {
  type Feeder,
  type FeederOptions,
  type ReplicaStatus,
  startFeeder,
} from '@shoal/syncup/driver';
import { AckTracker } from '@shoal/syncup/internal';
import type { Connection } from '@shoal/transport';
import { higher, lower } from '../bigint.ts';
import { NodeError, toError } from '../errors.ts';
import type { Appended, AppendOptions, ReplicationOptions } from '../options.ts';
import { TERM_ENTRY, type TermMarks, termMark } from './term-marks.ts';

/** After this many entries the term is marked again, so that the head can be trimmed. */
const MARK_EVERY = 65_536n;

/** What {@link Leader} works with. */
export interface LeaderParts {
  readonly log: LogStore;
  readonly marks: TermMarks;
  readonly kinds: EntryKinds;
  readonly term: bigint;
  readonly label: string;
  /** The names of all voters; ours is among them. */
  readonly voters: readonly string[];
  readonly name: string;
  readonly options: ReplicationOptions;
  /** A replica knows of this higher term. */
  readonly onStale: (term: bigint) => void;
  /** The log has refused to append. */
  readonly onFailure: (error: NodeError) => void;
}

/** How a feeder is tuned. */
export function feederTuning(options: ReplicationOptions): Partial<FeederOptions> {
  const { heartbeatInterval, idleTimeout, stepTimeout, batchBytes, restore, crc32 } = options;
  return {
    dialects: ['shoal'],
    ...(heartbeatInterval === undefined ? {} : { heartbeatInterval }),
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(stepTimeout === undefined ? {} : { stepTimeout }),
    ...(batchBytes === undefined ? {} : { batchBytes }),
    ...(restore === undefined ? {} : { restore }),
    ...(crc32 === undefined ? {} : { crc32 }),
  };
}

/** This node as the feeder of one term: appends, streams, and counts who holds what. */
export class Leader {
  readonly type = 'leader';
  readonly term: bigint;
  readonly #parts: LeaderParts;
  readonly #feeder: Feeder;
  /** What the other voters hold. */
  readonly #acks = new AckTracker();
  readonly #others: ReadonlySet<string>;
  readonly #majority: number;
  /** The VLSN of the mark with which the term began. */
  readonly #begin: bigint;
  #next: bigint;
  /** The last VLSN that is on this node's own stable storage. */
  #local: bigint;
  readonly #appending = new Set<Promise<unknown>>();
  #pending = 0;
  #over: NodeError | undefined;

  private constructor(parts: LeaderParts, begin: bigint) {
    const { log, label, term, name, voters, options } = parts;
    this.#parts = parts;
    this.term = term;
    this.#begin = begin;
    this.#local = begin;
    this.#next = begin + 1n;
    this.#majority = Math.floor(voters.length / 2) + 1;
    this.#others = new Set(voters.filter((voter) => voter !== name));
    this.#feeder = startFeeder({ log, label, term, ...feederTuning(options) });
    this.#feeder.on('streaming', ({ name: replica, acked }) => {
      if (!this.#others.has(replica)) return;
      this.#acks.begin(replica, acked);
      this.#settle();
    });
    this.#feeder.on('ack', ({ name: replica, acked }) => {
      if (!this.#others.has(replica)) return;
      this.#acks.advance(replica, acked);
      this.#settle();
    });
    this.#feeder.on('stale-term', ({ term: known }) => parts.onStale(known));
    this.#settle();
  }

  /** Marks the term in the log, and feeds. Rejects with the log's error, and has not begun then. */
  static async begin(parts: LeaderParts): Promise<Leader> {
    const { log, marks, term } = parts;
    const vlsn = log.range.last + 1n;
    await log.append([termMark(term)], { durable: true });
    marks.add(vlsn, term);
    if ((await log.entry(vlsn))?.isSync !== true) {
      throw new NodeError('argument', `the log must take type ${TERM_ENTRY} for a sync point`);
    }
    return new Leader(parts, vlsn);
  }

  replicas(): ReplicaStatus[] {
    return this.#feeder.replicas();
  }

  /** How many entries wait for acknowledgements. */
  get pending(): number {
    return this.#pending;
  }

  serve(connection: Connection): void {
    void this.#feeder.serve(connection);
  }

  /** See `ShoalNode.append`. */
  async append(entries: readonly NewEntry[], options: AppendOptions): Promise<Appended> {
    const { signal, timeout } = options;
    signal?.throwIfAborted();
    const others = this.#othersFor(options.acks ?? 'majority');
    this.#check(entries);
    if (this.#over) throw this.#over;
    this.#pending += entries.length;
    try {
      const { last } = await this.#store(entries);
      await this.#held(last, others, timeout, signal);
      return { first: last - BigInt(entries.length) + 1n, last, term: this.term };
    } finally {
      this.#pending -= entries.length;
    }
  }

  /** How many other voters must acknowledge. */
  #othersFor(acks: 'majority' | number): number {
    if (acks === 'majority') return this.#majority - 1;
    const most = this.#parts.voters.length;
    if (Number.isInteger(acks) && acks >= 1 && acks <= most) return acks - 1;
    throw new NodeError('argument', `acks are 'majority' or 1..${most} voters, not ${acks}`);
  }

  #check(entries: readonly NewEntry[]): void {
    const last = entries.at(-1);
    if (last === undefined || !this.#parts.kinds.isSync(last.type)) {
      throw new NodeError('argument', 'a batch ends with a commit, or another sync point');
    }
    for (const { type, payload } of entries) {
      if (type !== (type & 0xff) || type === TERM_ENTRY) {
        throw new NodeError('argument', `a type is 0..255 and not ${TERM_ENTRY}, not ${type}`);
      }
      if (!(payload instanceof Uint8Array && payload.length <= MAX_PAYLOAD)) {
        throw new NodeError('argument', `a payload is ${MAX_PAYLOAD} bytes at most`);
      }
    }
    const { maxPendingEntries = 65_536 } = this.#parts.options;
    if (this.#pending > 0 && this.#pending + entries.length > maxPendingEntries) {
      throw new NodeError('overload', `${this.#pending} entries wait for acknowledgements`);
    }
  }

  /** Appends in the order of the calls: the VLSNs are given out before anything is awaited. */
  async #store(entries: readonly NewEntry[]): Promise<{ last: bigint }> {
    const { log, marks } = this.#parts;
    const marked = this.#next - marks.lastMark >= MARK_EVERY;
    const vlsn = this.#next;
    const batch = marked ? [termMark(this.term), ...entries] : entries;
    const last = vlsn + BigInt(batch.length) - 1n;
    this.#next = last + 1n;
    if (marked) marks.add(vlsn, this.term);
    const appending = log.append(batch, { durable: true });
    this.#appending.add(appending);
    try {
      await appending;
    } catch (cause) {
      // What was numbered behind it is wrong now: this leadership cannot go on.
      const text = `the log refused: ${toError(cause).message}`;
      const error = new NodeError('log', text, { cause });
      this.#end(error);
      this.#parts.onFailure(error);
      throw error;
    } finally {
      this.#appending.delete(appending);
    }
    this.#local = higher(last, this.#local);
    if (this.#over) throw this.#over;
    this.#settle();
    return { last };
  }

  async #held(
    last: bigint,
    others: number,
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (timeout === undefined) return this.#acks.wait(last, { count: others, signal });
    const expired = new AbortController();
    const timer = setTimeout(() => {
      const text = `VLSN ${last} was not held by ${others + 1} voters within ${timeout} ms`;
      expired.abort(new NodeError('timeout', text));
    }, timeout);
    const either = signal ? AbortSignal.any([signal, expired.signal]) : expired.signal;
    try {
      await this.#acks.wait(last, { count: others, signal: either });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * What a majority holds is durable, but only from this term's own mark on. Source: Raft, 5.4.2:
   * entries of earlier terms are committed by one of the present term behind them.
   */
  #settle(): void {
    const others = this.#acks.heldBy(this.#majority - 1);
    const held = lower(others, this.#local);
    if (held < this.#begin) return;
    this.#parts.log.noteDurable(held);
    this.#parts.marks.settle();
  }

  #end(error: NodeError): void {
    this.#over ??= error;
    this.#acks.close(this.#over);
  }

  /**
   * Ends the leadership: whoever waits gets `error`. Resolves when the connections are gone and
   * the log is at rest. Never rejects.
   */
  async stop(error: NodeError): Promise<void> {
    this.#end(error);
    await this.#feeder.close();
    await Promise.allSettled(this.#appending);
    // A mark may have been noted that the log has refused.
    await this.#parts.marks.rolledBack(this.#parts.log.range.last).catch(() => undefined);
  }
}
