import type { SyncupMessage } from '@shoal/wire';
import { SyncupError } from '../errors.ts';
import type { LogEntry, PassedTransactions, VlsnRange } from '../log/log-store.ts';
import { MatchpointSearch } from '../search/matchpoint-search.ts';
import type { SearchReply, SearchStep } from '../search/search-step.ts';
import { decideRollback, type RollbackDecision, type RollbackPolicy } from './rollback.ts';

/** What a {@link ReplicaSyncup} starts from. */
export interface ReplicaSyncupOptions {
  /** The range of the replica's log, which must not change until the syncup is over. */
  readonly range: VlsnRange;
  /** Whether the log's fingerprints are chained. */
  readonly chained: boolean;
  /** The time, in ms. */
  readonly now: number;
  /** How long the feeder may take for each step, in ms. Default 30,000. */
  readonly stepTimeout?: number;
  /** See `MatchpointSearchOptions`. */
  readonly search?: 'gallop' | 'descending';
  readonly flight?: number;
  readonly compareLsn?: boolean;
  readonly random?: () => number;
  /** Whether the feeder still leads, as far as is known. Default true. */
  readonly feederLeads?: boolean;
  /** True when the feeder is known to hold nothing: there is no need to ask. Default false. */
  readonly feederEmpty?: boolean;
  /** Below this VLSN the application cannot go back. Default 0: none. */
  readonly barrier?: bigint;
  readonly policy?: RollbackPolicy;
}

/** What a syncup has come to on the replica's side. */
export type ReplicaOutcome =
  /** The feeder streams from here on. */
  | { readonly type: 'stream'; readonly matchpoint: bigint; readonly startVlsn: bigint }
  /** The feeder has been told that a full copy is needed, and has acknowledged it. */
  | { readonly type: 'restore'; readonly failedVlsn: bigint };

/** A decision to roll back, and how it was come by. */
export interface RollbackPlan {
  readonly decision: Extract<RollbackDecision, { type: 'rollback' }>;
  /** The highest sync point that both logs hold; undefined: none, the log starts anew. */
  readonly matchpoint: LogEntry | undefined;
  /** False when the feeder's log turned out not to be ordered and all was searched. */
  readonly ordered: boolean;
  /** Round trips and requests that it took. */
  readonly roundTrips: number;
  readonly requests: number;
}

/** What a {@link ReplicaSyncup} wants done. */
export type ReplicaOutput =
  | { readonly type: 'send'; readonly message: SyncupMessage }
  /** For each VLSN the sync point at or before it: `lookedUp`. */
  | { readonly type: 'lookup'; readonly at: readonly bigint[] }
  /** The transactions that end above this VLSN: `passed`. */
  | { readonly type: 'passed'; readonly above: bigint }
  /** Roll back as planned and call `proceed`; or do not, and nothing has happened. */
  | { readonly type: 'plan'; readonly plan: RollbackPlan }
  | { readonly type: 'done'; readonly outcome: ReplicaOutcome }
  /** Over; neither log has changed. `decision` where one was in the way. */
  | {
      readonly type: 'failed';
      readonly error: SyncupError;
      readonly decision?: RollbackDecision;
    };

/**
 * The replica's side of the handshake, which drives it: a sans-I/O machine. After each call
 * drain {@link ReplicaSyncup.poll}; call `tick` when {@link ReplicaSyncup.deadline} has come.
 * Answers that come when it is over are passed over.
 */
export class ReplicaSyncup {
  readonly #options: ReplicaSyncupOptions;
  readonly #outputs: ReplicaOutput[] = [];
  readonly #search: MatchpointSearch | undefined;
  #state: 'search' | 'probe' | 'passed' | 'plan' | 'restore' | 'over' = 'search';
  #asked: readonly LogEntry[] = [];
  #replies: SearchReply[] = [];
  #matchpoint: LogEntry | undefined;
  #result: Extract<SearchStep, { type: 'done' }> | undefined;
  #probed = 0;
  #decision: Extract<RollbackDecision, { type: 'rollback' }> | undefined;
  #failedVlsn = 1n;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(options: ReplicaSyncupOptions) {
    this.#options = options;
    const { range, chained, search, flight, compareLsn, random, now } = options;
    if (options.feederEmpty) {
      this.#withoutMatchpoint(now);
    } else if (range.lastSync === 0n) {
      this.#probe(now);
    } else {
      this.#search = new MatchpointSearch({
        first: range.contiguousFrom ?? range.first,
        lastSync: range.lastSync,
        chained,
        ...(search === undefined ? {} : { strategy: search }),
        ...(flight === undefined ? {} : { flight }),
        ...(compareLsn === undefined ? {} : { compareLsn }),
        ...(random === undefined ? {} : { random }),
      });
      this.#advance(now);
    }
  }

  /** When `tick` must be called, in ms; `Infinity` while it waits for its own side. */
  get deadline(): number {
    return this.#deadline;
  }

  /** The next thing to do; undefined when there is none for now. */
  poll(): ReplicaOutput | undefined {
    return this.#outputs.shift();
  }

  /** A message of the feeder. A wrong one ends the syncup. */
  receive(message: SyncupMessage, now: number): void {
    switch (this.#state) {
      case 'search': {
        if (this.#replies.length >= this.#asked.length) break;
        const reply = replyOf(message);
        if (reply === undefined) break;
        this.#replies.push(reply);
        this.#expectBy(now);
        if (this.#replies.length < this.#asked.length) return;
        const replies = this.#replies;
        this.#asked = this.#replies = [];
        this.#guard(() => {
          this.#search!.answered(replies);
          this.#advance(now);
        });
        return;
      }
      case 'probe':
        if (message.type === 'entry' && message.vlsn === 1n) {
          this.#ask(undefined);
          return;
        }
        if (message.type !== 'entryNotFound') break;
        this.#restore(1n, now);
        return;
      case 'restore':
        if (message.type !== 'restoreResponse') break;
        this.#done({ type: 'restore', failedVlsn: this.#failedVlsn });
        return;
    }
    this.#fail(new SyncupError('protocol', `expected ${this.#expected()}, not ${message.type}`));
  }

  /** Answers a `lookup`, in its order. Throws `argument` when none was asked for. */
  lookedUp(entries: readonly (LogEntry | undefined)[], now: number): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'search' || this.#search === undefined) {
      throw new SyncupError('argument', 'answers to look-ups that were not asked for');
    }
    this.#guard(() => {
      this.#search!.lookedUp(entries);
      this.#advance(now);
    });
  }

  /** Answers `passed`. Throws `argument` when it was not asked for. */
  passed(passed: PassedTransactions, now: number): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'passed') {
      throw new SyncupError('argument', 'passed transactions that were not asked for');
    }
    const { range, barrier, policy, feederLeads = true } = this.#options;
    this.#guard(() => {
      const decision = decideRollback({
        range,
        matchpoint: this.#matchpoint?.vlsn ?? 0n,
        passed,
        feederLeads,
        ...(barrier === undefined ? {} : { barrier }),
        ...(policy === undefined ? {} : { policy }),
      });
      this.#act(decision, now);
    });
  }

  /** Says that the plan has been carried out, unless it is over. Throws `argument` when there is none. */
  proceed(): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'plan') throw new SyncupError('argument', 'there is no plan to carry out');
    const matchpoint = this.#matchpoint?.vlsn ?? 0n;
    const startVlsn = matchpoint + 1n;
    this.#outputs.push({ type: 'send', message: { type: 'startStream', startVlsn } });
    this.#done({ type: 'stream', matchpoint, startVlsn });
  }

  /** Ends the syncup with `timeout` when the deadline has come. */
  tick(now: number): void {
    if (now < this.#deadline) return;
    const { stepTimeout = 30_000 } = this.#options;
    const text = `the feeder did not send ${this.#expected()} within ${stepTimeout} ms`;
    this.#fail(new SyncupError('timeout', text));
  }

  /** Takes the search as far as it goes. */
  #advance(now: number): void {
    const step = this.#search!.step;
    if (step.type === 'lookup') {
      this.#deadline = Number.POSITIVE_INFINITY;
      this.#outputs.push({ type: 'lookup', at: step.at });
    } else if (step.type === 'ask') {
      this.#asked = step.entries;
      for (const { vlsn } of step.entries) {
        this.#outputs.push({ type: 'send', message: { type: 'entryRequest', vlsn } });
      }
      this.#expectBy(now);
    } else {
      this.#result = step;
      this.#failedVlsn = step.lastTried;
      if (step.matchpoint !== undefined) this.#ask(step.matchpoint);
      else this.#withoutMatchpoint(now);
    }
  }

  /** Without a matchpoint: what was committed needs a copy, the rest may start at VLSN 1. */
  #withoutMatchpoint(now: number): void {
    const { range, feederEmpty } = this.#options;
    if (range.lastTxnEnd !== 0n) this.#restore(this.#failedVlsn, now);
    else if (feederEmpty) this.#ask(undefined);
    else this.#probe(now);
  }

  /** Asks for VLSN 1: whether the feeder can stream from the very start. */
  #probe(now: number): void {
    this.#state = 'probe';
    this.#probed = 1;
    this.#outputs.push({ type: 'send', message: { type: 'entryRequest', vlsn: 1n } });
    this.#expectBy(now);
  }

  #ask(matchpoint: LogEntry | undefined): void {
    this.#state = 'passed';
    this.#matchpoint = matchpoint;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#outputs.push({ type: 'passed', above: matchpoint?.vlsn ?? 0n });
  }

  #act(decision: RollbackDecision, now: number): void {
    switch (decision.type) {
      case 'rollback':
        this.#state = 'plan';
        this.#decision = decision;
        this.#outputs.push({ type: 'plan', plan: this.#plan() });
        return;
      case 'restore':
        this.#restore(this.#matchpoint?.vlsn ?? this.#failedVlsn, now);
        return;
      case 'stale-feeder':
        this.#fail(new SyncupError('stale-term', 'the feeder no longer leads'), decision);
        return;
      default: {
        const { reason, to, passed } = decision;
        const lost = `${passed.count} transactions, ${passed.durable} of them durable`;
        const text = `a rollback to VLSN ${to} would undo ${lost}: prohibited (${reason})`;
        this.#fail(new SyncupError('rollback-prohibited', text), decision);
      }
    }
  }

  #plan(): RollbackPlan {
    return {
      decision: this.#decision!,
      matchpoint: this.#matchpoint,
      ordered: this.#result?.ordered ?? true,
      roundTrips: (this.#result?.flights ?? 0) + this.#probed,
      requests: (this.#result?.requests ?? 0) + this.#probed,
    };
  }

  #restore(failedVlsn: bigint, now: number): void {
    this.#state = 'restore';
    this.#failedVlsn = failedVlsn;
    this.#outputs.push({ type: 'send', message: { type: 'restoreRequest', failedVlsn } });
    this.#expectBy(now);
  }

  #expectBy(now: number): void {
    this.#deadline = now + (this.#options.stepTimeout ?? 30_000);
  }

  #expected(): string {
    if (this.#state === 'search' && this.#asked.length > 0) {
      const { vlsn } = this.#asked[this.#replies.length]!;
      return `an answer to the request for VLSN ${vlsn}`;
    }
    if (this.#state === 'probe') return 'the entry at VLSN 1 or entryNotFound';
    if (this.#state === 'restore') return 'restoreResponse';
    return 'no message now';
  }

  /** What the feeder or the log did wrong ends the syncup; anything else is a bug here. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof SyncupError) || error.code === 'argument') throw error;
      this.#fail(error);
    }
  }

  #done(outcome: ReplicaOutcome): void {
    this.#end();
    this.#outputs.push({ type: 'done', outcome });
  }

  #fail(error: SyncupError, decision?: RollbackDecision): void {
    if (this.#state === 'over') return;
    this.#end();
    this.#outputs.length = 0;
    this.#outputs.push({
      type: 'failed',
      error,
      ...(decision === undefined ? {} : { decision }),
    });
  }

  #end(): void {
    this.#state = 'over';
    this.#deadline = Number.POSITIVE_INFINITY;
  }
}

function replyOf(message: SyncupMessage): SearchReply | undefined {
  switch (message.type) {
    case 'entry':
      return { type: 'entry', entry: message };
    case 'alternateMatchpoint':
      return { type: 'alternate', entry: message };
    case 'entryNotFound':
      return { type: 'notFound' };
    default:
      return undefined;
  }
}
