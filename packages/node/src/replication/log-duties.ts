import { SerialQueue, toError } from '@shoal/async';
import { type ConsensusOutput, isAhead, type LogTail, type LogView } from '@shoal/consensus';
import type { SyncupError } from '@shoal/syncup';
import type { Feeder, ReplicaIntroduction } from '@shoal/syncup/driver';
import type { Connection } from '@shoal/transport';
import { NodeError } from '../errors.ts';
import { SERVICES } from '../services.ts';
import { Follower } from './follower.ts';
import { Leader } from './leader.ts';
import { feedLog } from './log-feeder.ts';
import type { LogWork } from './log-work.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** How often the stream of a voter that is ahead may end without an entry before it counts as gone. */
const MAX_SOURCE_FAILURES = 3;
/** How long to wait after a failure that another attempt would not change, in ms. */
const RETRY_AFTER_FAILURE = 10_000;

type Output<T extends ConsensusOutput['type']> = Extract<ConsensusOutput, { type: T }>;

/** What {@link LogDuties} report. All but `onFailure` are inputs of the consensus machine. */
export interface LogDutiesParts extends ReplicationParts {
  readonly onRested: (view: LogView) => void;
  readonly onCopied: (view: LogView, options: { readonly complete: boolean }) => void;
  readonly onBegan: (view: LogView) => void;
  readonly onMatched: (view: LogView) => void;
  readonly onAppended: (tail: LogTail) => void;
  readonly onSynced: (vlsn: bigint) => void;
  /** The leader of the stream has reported how far its log is committed. */
  readonly onProgress: (leader: string, term: bigint) => void;
  readonly onStreamLost: (leader: string) => void;
  /** The log has failed while this node leads, or was about to. */
  readonly onLogFailure: (error: NodeError) => void;
  readonly onFailure: (error: NodeError) => void;
  readonly newId: () => string;
  /** Throws unless this replica is who it says it is. */
  readonly admit: (replica: ReplicaIntroduction) => void;
}

/** A node after it has voted: serves its log to the candidate, in case that one is behind. */
class Source implements LogWork {
  readonly feeder: Feeder;

  constructor(feeder: Feeder) {
    this.feeder = feeder;
  }

  stop(): Promise<void> {
    return this.feeder.close();
  }
}

/** Does with the log what the consensus machine says, one thing at a time. */
export class LogDuties {
  readonly #parts: LogDutiesParts;
  readonly #queue = new SerialQueue();
  #work: LogWork | undefined;
  /** Counts the times at which the log was brought to rest. */
  #rests = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** The failure to follow that was reported last. */
  #reported: string | undefined;

  constructor(parts: LogDutiesParts) {
    this.#parts = parts;
  }

  get leader(): Leader | undefined {
    return this.#work instanceof Leader ? this.#work : undefined;
  }

  get follower(): Follower | undefined {
    return this.#work instanceof Follower ? this.#work : undefined;
  }

  /** Stops whatever reads or changes the log. Waiting appends get `reason`. */
  rest(reason: NodeError): void {
    void this.stop(reason).then(() => this.#parts.onRested(this.#parts.marks.view()));
  }

  /** As {@link rest}, for good. Resolves once the log is at rest. Never rejects. */
  stop(reason: NodeError): Promise<void> {
    this.#rests++;
    clearTimeout(this.#retry);
    const work = this.#work;
    this.#work = undefined;
    // At once, so that nothing more is taken; what is under way ends before the queue goes on.
    const stopped = work?.stop(reason);
    return this.#queue.run(async () => stopped);
  }

  serve({ to, term }: Output<'serve'>): void {
    const feeder = feedLog(this.#parts, {
      term,
      label: this.#sourceLabel(this.#parts.votes.storeId),
      admit: (replica) => {
        if (replica.name !== to) {
          throw new NodeError('protocol', `this vote is for ${to}, not for ${replica.name}`);
        }
        this.#parts.admit(replica);
      },
    });
    this.#work = new Source(feeder);
  }

  /** A connection to the log of the leader. */
  serveLog(connection: Connection): void {
    const { leader } = this;
    if (leader !== undefined) leader.serve(connection);
    else connection.abort(new NodeError('not-leader', `${this.#parts.name} is not the leader`));
  }

  /** A connection of the candidate that this node has voted for. */
  serveSource(connection: Connection): void {
    if (this.#work instanceof Source) void this.#work.feeder.serve(connection);
    else connection.abort(new NodeError('protocol', `${this.#parts.name} has not voted`));
  }

  /** Takes over the log of a voter that is ahead, which does not change meanwhile. */
  copy({ from, term, storeId, position }: Output<'copy'>): void {
    const { marks, log, onCopied } = this.#parts;
    let failures = 0;
    let { last } = log.range;
    const copying = new Follower(this.#parts, {
      source: from,
      term,
      service: SERVICES.source,
      label: this.#sourceLabel(storeId),
      onDisconnected: (error, retryIn) => {
        this.#emitDisconnected(error, retryIn);
        failures = log.range.last > last ? 1 : failures + 1;
        last = log.range.last;
        if (retryIn === undefined || failures === MAX_SOURCE_FAILURES) void copying.stop();
      },
    });
    this.#work = copying;
    void (async () => {
      await copying.applied(position.index).catch(() => undefined);
      await copying.stop();
      if (this.#work !== copying) return;
      this.#work = undefined;
      const view = marks.view();
      const { term: lastTerm = 0n } = view.marks.at(-1) ?? {};
      const complete = !isAhead(position, { term: lastTerm, index: view.last });
      onCopied(view, { complete });
    })();
  }

  /** Marks the term in the log, and feeds it. */
  lead(output: Output<'lead'>): void {
    const rests = this.#rests;
    void this.#queue.run(async () => {
      if (rests !== this.#rests) return;
      try {
        const leader = await this.#startLeader(output);
        if (rests !== this.#rests) {
          return await leader.stop(new NodeError('fenced', 'the leadership has ended'));
        }
        this.#work = leader;
        this.#parts.onBegan(this.#parts.marks.view());
      } catch (cause) {
        const text = `could not begin to lead: ${toError(cause).message}`;
        this.#parts.onLogFailure(
          cause instanceof NodeError ? cause : new NodeError('log', text, { cause }),
        );
      }
    });
  }

  follow({ leader, term }: Output<'follow'>): void {
    const { label, onMatched, onAppended, onSynced, onProgress } = this.#parts;
    const follower = new Follower(this.#parts, {
      source: leader,
      term,
      service: SERVICES.log,
      label,
      onMatched: (view) => {
        this.#reported = undefined;
        onMatched(view);
      },
      onAppended: (tail) => {
        onAppended(tail);
        onSynced(tail.last);
      },
      onProgress: () => onProgress(leader, term),
      onDisconnected: (error, retryIn) => {
        this.#emitDisconnected(error, retryIn);
        if (this.#work !== follower) return;
        this.#parts.onStreamLost(leader);
        if (retryIn === undefined) this.#followLater(follower, { leader, term, error });
      },
    });
    this.#work = follower;
  }

  /** Appends a configuration as a batch of its own. */
  append({ configuration }: Output<'append'>): void {
    // What goes wrong ends the leadership.
    void this.leader?.changeConfiguration(configuration).catch(() => undefined);
  }

  async #startLeader({ term, cut, configuration }: Output<'lead'>): Promise<Leader> {
    const parts = this.#parts;
    await this.#cutTo(cut);
    const cluster =
      configuration === undefined ? parts.marks.cluster : { logId: parts.newId(), configuration };
    if (cluster === undefined) throw new NodeError('log', 'the log does not say who votes');
    return Leader.start(parts, {
      term,
      cluster,
      admit: parts.admit,
      onAppended: parts.onAppended,
      onSynced: parts.onSynced,
      onFailure: parts.onLogFailure,
    });
  }

  /** Undoes a batch without its end: it was received in part, and never acknowledged. */
  async #cutTo(end: bigint): Promise<void> {
    const { log, marks, tellRollback, name } = this.#parts;
    if (log.range.last <= end) return;
    const discarded = await log.rollback(end, 'a batch without its end');
    await marks.rolledBack(end);
    tellRollback({ matchpoint: end, discarded, transactions: 0, leader: name });
  }

  /** Reports a failure, and tries again much later: the log of the leader changes, and disks do. */
  #followLater(
    follower: Follower,
    { leader, term, error }: { leader: string; term: bigint; error: SyncupError },
  ): void {
    if (this.#reported !== error.message) {
      this.#reported = error.message;
      this.#parts.onFailure(new NodeError('replication', error.message, { cause: error }));
    }
    this.#retry = setTimeout(() => {
      if (this.#work === follower) this.follow({ type: 'follow', leader, term });
    }, RETRY_AFTER_FAILURE);
  }

  #emitDisconnected(error: SyncupError, retryIn: number | undefined): void {
    this.#parts.events.emit({ type: 'disconnected', error: disconnection(error), retryIn });
  }

  /** The label of the stream from a voter's store: another store under its name is refused. */
  #sourceLabel(storeId: string): string {
    return `${this.#parts.label}/${storeId}`;
  }
}

/** The error of this package that a connection ended with, or was never made because of. */
function disconnection(error: SyncupError): NodeError {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof NodeError) return cause;
  }
  return new NodeError('connection', error.message, { cause: error });
}
