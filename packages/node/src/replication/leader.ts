import { Fifo, toError } from '@shoal/async';
import { MAX_PAYLOAD, type NewEntry } from '@shoal/syncup';
import type { Feeder, ReplicaIntroduction, ReplicaStatus } from '@shoal/syncup/driver';
import { AckTracker, sizeOf } from '@shoal/syncup/internal';
import type { Connection } from '@shoal/transport';
import { higher, lower } from '../bigint.ts';
import { NodeError } from '../errors.ts';
import type { AppendOptions, AppendResult } from '../options.ts';
import type { RoleState } from './current-role.ts';
import { feedLog } from './log-feeder.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { TERM_ENTRY, termMark } from './term-marks.ts';

/** The term is marked again after this many entries, so that older ones can be trimmed. */
const MARK_EVERY = 65_536n;

/** An upper bound of what the mark of a term counts for. */
const MARK_BYTES = 32;

/** What a {@link Leader} is given besides {@link ReplicationParts}. */
export interface LeaderOptions {
  readonly term: bigint;
  /** Throws unless this replica may be served, and its acknowledgements may count. */
  readonly admit: (replica: ReplicaIntroduction) => void;
  /** Called when a follower knows a higher term. */
  readonly onStaleTerm: (term: bigint) => void;
  /** Called when the log has failed to append. */
  readonly onFailure: (error: NodeError) => void;
}

/** This node as the leader of one term: appends, feeds the log, and counts acknowledgements. */
export class Leader implements RoleState {
  readonly role = 'leader';
  readonly leader: string;
  readonly term: bigint;
  readonly #parts: ReplicationParts;
  readonly #options: LeaderOptions;
  readonly #feeder: Feeder;
  /** What the other voters hold. */
  readonly #acks = new AckTracker();
  readonly #otherVoters: ReadonlySet<string>;
  readonly #majority: number;
  /** The ends of the batches that no majority is known to hold yet. */
  readonly #batchEnds = new Fifo<bigint>();
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
    const { voters, name } = parts;
    this.leader = name;
    this.term = options.term;
    this.#parts = parts;
    this.#options = options;
    this.#stored = begin;
    this.#batchEnds.push(begin);
    this.#next = begin + 1n;
    this.#majority = Math.floor(voters.length / 2) + 1;
    this.#otherVoters = new Set(voters.filter((voter) => voter !== name));
    this.#feeder = feedLog(parts, options);
    this.#countAcks();
    this.#settle();
  }

  /** Marks the term in the log, and begins to lead. Rejects with the log's error, or `argument`. */
  static async start(parts: ReplicationParts, options: LeaderOptions): Promise<Leader> {
    const { log, marks } = parts;
    const { term } = options;
    const vlsn = log.range.last + 1n;
    await log.append([termMark(term)], { durable: true });
    marks.add(vlsn, term);
    if ((await log.entry(vlsn))?.isSync !== true) {
      const text = `the log must treat entries of type ${TERM_ENTRY} as sync points: see kinds`;
      throw new NodeError('argument', text);
    }
    return new Leader(parts, options, vlsn);
  }

  followers(): ReplicaStatus[] {
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
  async append(entries: readonly NewEntry[], options: AppendOptions): Promise<AppendResult> {
    options.signal?.throwIfAborted();
    const others = this.#othersNeeded(options.acks ?? 'majority');
    this.#check(entries);
    if (this.#ended) throw this.#ended;
    this.#pending += entries.length;
    try {
      const last = await this.#store(entries);
      await this.#heldBy(others, last, options);
      return { first: last - BigInt(entries.length) + 1n, last, term: this.term };
    } finally {
      this.#pending -= entries.length;
    }
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

  /** Counts what the other voters acknowledge; followers that are not voters do not count. */
  #countAcks(): void {
    this.#feeder.on('streaming', ({ name, acked }) => {
      if (!this.#otherVoters.has(name)) return;
      this.#acks.begin(name, acked);
      this.#settle();
    });
    this.#feeder.on('ack', ({ name, acked }) => {
      if (!this.#otherVoters.has(name)) return;
      this.#acks.advance(name, acked);
      this.#settle();
    });
    this.#feeder.on('staleTerm', ({ term }) => this.#options.onStaleTerm(term));
  }

  /** How many other voters must acknowledge. Throws `argument`. */
  #othersNeeded(acks: 'majority' | number): number {
    if (acks === 'majority') return this.#majority - 1;
    const most = this.#parts.voters.length;
    if (Number.isInteger(acks) && acks >= 1 && acks <= most) return acks - 1;
    throw new NodeError('argument', `acks must be 'majority' or 1..${most} voters, not ${acks}`);
  }

  /** Throws `argument`, `overload` or `full`. */
  #check(entries: readonly NewEntry[]): void {
    const last = entries.at(-1);
    if (last === undefined || !this.#parts.kinds.isSync(last.type)) {
      throw new NodeError('argument', 'a batch must end with a commit or another sync point');
    }
    if (entries.slice(0, -1).some(({ type }) => this.#parts.kinds.isSync(type))) {
      const text = 'only the last entry of a batch may be a commit or another sync point';
      throw new NodeError('argument', `${text}: append each transaction by itself`);
    }
    for (const { type, payload } of entries) {
      if (type !== (type & 0xff) || type === TERM_ENTRY) {
        const text = `the type of an entry must be 0..255 and not ${TERM_ENTRY}, which is reserved`;
        throw new NodeError('argument', `${text}; got ${type}`);
      }
      if (!(payload instanceof Uint8Array && payload.length <= MAX_PAYLOAD)) {
        const text = `a payload must be a Uint8Array of at most ${MAX_PAYLOAD} bytes`;
        throw new NodeError('argument', text);
      }
    }
    const { maxPendingEntries = 65_536 } = this.#parts.options;
    if (this.#pending > 0 && this.#pending + entries.length > maxPendingEntries) {
      const text = `${this.#pending} entries are waiting for acknowledgements; append more later`;
      throw new NodeError('overload', text);
    }
    // Asked before a VLSN is given away: what the log refuses later would end the leadership.
    const { room } = this.#parts.log;
    if (room !== undefined && this.#pendingBytes + sizeOf(entries) + MARK_BYTES > room) {
      const text = `the log takes ${room} more bytes: trim its head, or raise maxBytes`;
      throw new NodeError('full', text);
    }
  }

  /**
   * Appends in the order of the calls: VLSNs are assigned before anything is awaited. Resolves with
   * the last one once the batch is stored.
   */
  async #store(entries: readonly NewEntry[]): Promise<bigint> {
    const { log, marks } = this.#parts;
    const vlsn = this.#next;
    const marked = vlsn - marks.lastMark >= MARK_EVERY;
    const batch = marked ? [termMark(this.term), ...entries] : entries;
    const last = vlsn + BigInt(batch.length) - 1n;
    this.#next = last + 1n;
    this.#batchEnds.push(last);
    if (marked) marks.add(vlsn, this.term);
    const bytes = sizeOf(batch);
    this.#pendingBytes += bytes;
    const appending = log.append(batch, { durable: true });
    this.#appending.add(appending);
    try {
      await appending;
    } catch (cause) {
      // Later batches have VLSNs that depend on this one: the leadership cannot continue.
      const text = `the log failed to append: ${toError(cause).message}`;
      const error = new NodeError('log', text, { cause });
      this.#end(error);
      this.#options.onFailure(error);
      throw error;
    } finally {
      this.#appending.delete(appending);
      this.#pendingBytes -= bytes;
    }
    this.#stored = higher(last, this.#stored);
    if (this.#ended) throw this.#ended;
    this.#settle();
    return last;
  }

  /** Resolves once as many other voters hold everything up to `last`. */
  async #heldBy(others: number, last: bigint, { timeout, signal }: AppendOptions): Promise<void> {
    if (timeout === undefined) return this.#acks.wait(last, { count: others, signal });
    const expired = new AbortController();
    const timer = setTimeout(() => {
      const text = `fewer than ${others + 1} voters held VLSN ${last} after ${timeout} ms`;
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
   * Makes durable what a majority holds, but only whole batches, and only from this term's own mark
   * on. A part of a batch may be cut off by the next leader. Source: Raft, 5.4.2: entries of earlier
   * terms are committed by an entry of the current term after them.
   */
  #settle(): void {
    const { log, marks } = this.#parts;
    const held = lower(this.#acks.heldBy(this.#majority - 1), this.#stored);
    let end: bigint | undefined;
    for (let next = this.#batchEnds.first; next !== undefined && next <= held; ) {
      end = this.#batchEnds.shift();
      next = this.#batchEnds.first;
    }
    if (end === undefined) return;
    log.noteDurable(end);
    marks.settle();
  }

  #end(error: NodeError): void {
    this.#ended ??= error;
    this.#acks.close(this.#ended);
  }
}
