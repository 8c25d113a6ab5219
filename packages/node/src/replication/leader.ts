import { toError } from '@shoal/async';
import type { Configuration, LogTail } from '@shoal/consensus';
import type { NewEntry } from '@shoal/syncup';
import type { Feeder, ReplicaIntroduction, ReplicaStatus } from '@shoal/syncup/driver';
import { AckTracker, sizeOf, VlsnWaiters } from '@shoal/syncup/internal';
import type { Connection } from '@shoal/transport';
import { higher } from '../bigint.ts';
import { NodeError } from '../errors.ts';
import { type ClusterOfLog, markEntry, namesOf, TERM_ENTRY } from '../log/mark-entry.ts';
import type { AppendOptions, AppendResult } from '../options.ts';
import { checkBatch } from './check-batch.ts';
import { feedLog } from './log-feeder.ts';
import type { LogWork } from './log-work.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** The term is marked again after this many entries, so that older ones can be trimmed. */
const MARK_EVERY = 65_536n;

/** What a {@link Leader} is given besides the parts. */
export interface LeaderOptions {
  readonly term: bigint;
  /** The cluster of the log, from the mark of the term on. */
  readonly cluster: ClusterOfLog;
  /** Throws unless this replica may be served, and its acknowledgements may count. */
  readonly admit: (replica: ReplicaIntroduction) => void;
  /** Entries are in the log, but not synced yet. */
  readonly onAppended: (tail: LogTail) => void;
  /** The log is synced up to here. */
  readonly onSynced: (vlsn: bigint) => void;
  /** The log has failed to append. */
  readonly onFailure: (error: NodeError) => void;
}

/** This node as the leader of one term: appends, and feeds the log. */
export class Leader implements LogWork {
  readonly term: bigint;
  readonly #parts: ReplicationParts;
  readonly #options: LeaderOptions;
  readonly #feeder: Feeder;
  /** What the other voters hold. */
  readonly #acks = new AckTracker();
  /** Appends that wait until they are committed. */
  readonly #commits = new VlsnWaiters();
  #committed = 0n;
  #cluster: ClusterOfLog;
  /** The VLSN of the next entry. */
  #next: bigint;
  /** The last VLSN on this node's own stable storage. */
  #stored: bigint;
  readonly #appending = new Set<Promise<unknown>>();
  #pending = 0;
  /** How many bytes of entries the log may not have taken yet. */
  #pendingBytes = 0;
  /** Why it no longer leads. */
  #ended: NodeError | undefined;

  /** `begin`: the VLSN of the mark with which the term begins. */
  private constructor(parts: ReplicationParts, options: LeaderOptions, begin: bigint) {
    this.term = options.term;
    this.#parts = parts;
    this.#options = options;
    this.#cluster = options.cluster;
    this.#stored = begin;
    this.#next = begin + 1n;
    this.#feeder = feedLog(parts, options);
    this.#countAcks();
  }

  /** Marks the term in the log, and begins to lead. Rejects with the log's error, or `argument`. */
  static async start(parts: ReplicationParts, options: LeaderOptions): Promise<Leader> {
    const { log, marks } = parts;
    const vlsn = log.range.last + 1n;
    await log.append([markEntry(options)], { durable: true });
    marks.add(vlsn, options);
    if ((await log.entry(vlsn))?.isSync !== true) {
      const text = `the log must treat entries of type ${TERM_ENTRY} as sync points: see kinds`;
      throw new NodeError('argument', text);
    }
    return new Leader(parts, options, vlsn);
  }

  followers(): ReplicaStatus[] {
    return this.#feeder.replicas();
  }

  /** How many entries wait to be committed or acknowledged. */
  get pending(): number {
    return this.#pending;
  }

  serve(connection: Connection): void {
    void this.#feeder.serve(connection);
  }

  /** See `ShoalNode.append`. */
  async append(entries: readonly NewEntry[], options: AppendOptions): Promise<AppendResult> {
    options.signal?.throwIfAborted();
    const others = this.#othersNeeded(options.acks ?? 'majority');
    this.#check(entries);
    if (this.#ended) throw this.#ended;
    this.#pending += entries.length;
    try {
      const last = await this.#store(entries);
      await this.#settled(others, last, options);
      return { first: last - BigInt(entries.length) + 1n, last, term: this.term };
    } finally {
      this.#pending -= entries.length;
    }
  }

  /** Appends a change of the voters, which counts from here on. */
  async changeConfiguration(configuration: Configuration): Promise<void> {
    this.#cluster = { ...this.#cluster, configuration };
    await this.#write([]);
  }

  /** Everything up to `vlsn` is committed. */
  committed(vlsn: bigint): void {
    this.#committed = higher(vlsn, this.#committed);
    this.#commits.reached(vlsn);
  }

  /**
   * Ends the leadership: waiting appends get `error`. Resolves once the connections have ended and
   * the log is at rest. Never rejects.
   */
  async stop(error: NodeError): Promise<void> {
    this.#end(error);
    await this.#feeder.close();
    await Promise.allSettled(this.#appending);
    // If the log refused a mark that was already noted, this forgets it.
    const { log, marks } = this.#parts;
    await marks.rolledBack(log.range.last).catch(() => undefined);
  }

  /** Counts what the other voters acknowledge, for appends that name a number of them. */
  #countAcks(): void {
    this.#feeder.on('streaming', ({ name, acked }) => {
      if (this.#isOtherVoter(name)) this.#acks.begin(name, acked);
    });
    this.#feeder.on('ack', ({ name, acked }) => {
      if (this.#isOtherVoter(name)) this.#acks.advance(name, acked);
    });
  }

  #isOtherVoter(name: string): boolean {
    return name !== this.#parts.name && namesOf(this.#cluster.configuration).includes(name);
  }

  /** How many other voters must acknowledge; undefined: a majority. Throws `argument`. */
  #othersNeeded(acks: 'majority' | number): number | undefined {
    if (acks === 'majority') return undefined;
    const most = this.#cluster.configuration.voters.length;
    if (Number.isInteger(acks) && acks >= 1 && acks <= most) return acks - 1;
    throw new NodeError('argument', `acks must be 'majority' or 1..${most} voters, not ${acks}`);
  }

  /** Throws `argument`, `overload` or `full`. */
  #check(entries: readonly NewEntry[]): void {
    const { kinds, options, log } = this.#parts;
    checkBatch(entries, kinds);
    const { maxPendingEntries = 65_536 } = options;
    if (this.#pending > 0 && this.#pending + entries.length > maxPendingEntries) {
      const text = `${this.#pending} entries are waiting for acknowledgements; append more later`;
      throw new NodeError('overload', text);
    }
    // Asked before a VLSN is given away: what the log refuses later would end the leadership.
    const { room } = log;
    if (room !== undefined && this.#pendingBytes + sizeOf(entries) + this.#markBytes() > room) {
      const text = `the log takes ${room} more bytes: trim its head, or raise maxBytes`;
      throw new NodeError('full', text);
    }
  }

  /** What the next mark takes, in bytes. */
  #markBytes(): number {
    return sizeOf([markEntry({ term: this.term, cluster: this.#cluster })]);
  }

  /** Stores a batch, with a mark before it if the last one is long past. Resolves with its end. */
  async #store(entries: readonly NewEntry[]): Promise<bigint> {
    const isDue = this.#next - this.#parts.marks.lastMark >= MARK_EVERY;
    if (isDue) void this.#write([]).catch(() => undefined);
    return this.#write(entries);
  }

  /**
   * Appends a batch, or a mark if there are no entries, in the order of the calls: VLSNs are assigned
   * before anything is awaited. Resolves with the last one once the batch is stored.
   */
  async #write(entries: readonly NewEntry[]): Promise<bigint> {
    const { log, marks } = this.#parts;
    const { onAppended, onSynced, onFailure } = this.#options;
    const vlsn = this.#next;
    const isMark = entries.length === 0;
    const mark = { term: this.term, cluster: this.#cluster };
    const batch = isMark ? [markEntry(mark)] : entries;
    const last = vlsn + BigInt(batch.length) - 1n;
    this.#next = last + 1n;
    if (isMark) marks.add(vlsn, mark);
    const bytes = sizeOf(batch);
    this.#pendingBytes += bytes;
    const appending = log.append(batch, { durable: true });
    this.#appending.add(appending);
    onAppended({
      last,
      batchEnds: [last],
      marks: isMark ? [{ index: last, term: this.term }] : [],
      configurations: isMark ? [{ index: last, configuration: this.#cluster.configuration }] : [],
    });
    try {
      await appending;
    } catch (cause) {
      // Later batches have VLSNs that depend on this one: the leadership cannot continue.
      const text = `the log failed to append: ${toError(cause).message}`;
      const error = new NodeError('log', text, { cause });
      this.#end(error);
      onFailure(error);
      throw error;
    } finally {
      this.#appending.delete(appending);
      this.#pendingBytes -= bytes;
    }
    if (this.#ended) throw this.#ended;
    this.#stored = higher(last, this.#stored);
    onSynced(this.#stored);
    return last;
  }

  /** Resolves once a batch is committed, or held by as many other voters as are asked for. */
  async #settled(
    others: number | undefined,
    last: bigint,
    { timeout, signal }: AppendOptions,
  ): Promise<void> {
    if (timeout === undefined) return this.#wait(others, last, signal);
    const expired = new AbortController();
    const timer = setTimeout(() => {
      const who = others === undefined ? 'no majority' : `fewer than ${others + 1} voters`;
      const text = `${who} held VLSN ${last} after ${timeout} ms`;
      expired.abort(new NodeError('timeout', text));
    }, timeout);
    const either = signal ? AbortSignal.any([signal, expired.signal]) : expired.signal;
    try {
      await this.#wait(others, last, either);
    } finally {
      clearTimeout(timer);
    }
  }

  async #wait(others: number | undefined, last: bigint, signal?: AbortSignal): Promise<void> {
    if (this.#ended) throw this.#ended;
    if (others !== undefined) return this.#acks.wait(last, { count: others, signal });
    if (this.#committed < last) await this.#commits.wait(last, signal);
  }

  #end(error: NodeError): void {
    this.#ended ??= error;
    this.#acks.close(this.#ended);
    this.#commits.rejectAll(this.#ended);
  }
}
