import type { SyncupMessage } from '@shoal/wire';
import { SyncupError } from '../errors.ts';
import type { LogEntry, PassedTransactions } from '../log/log-store.ts';
import { MatchpointSearch } from '../search/matchpoint-search.ts';
import type { SearchReply, SearchStep } from '../search/search-step.ts';
import type {
  ReplicaOutcome,
  ReplicaOutput,
  ReplicaSyncupOptions,
  RollbackPlan,
} from './replica-syncup-types.ts';
import { decideRollback, type RollbackDecision } from './rollback.ts';

const DEFAULT_STEP_TIMEOUT = 30_000;

/**
 * The replica's side of the handshake, which leads it: a sans-I/O machine. After each call, drain
 * {@link ReplicaSyncup.poll}. Call `tick` once {@link ReplicaSyncup.deadline} has passed. Answers
 * that come after the end are ignored.
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
    const { range, chained, search: strategy, flight, compareLsn, random, now } = options;
    if (options.feederEmpty) {
      this.#withoutMatchpoint(now);
    } else if (range.lastSync === 0n) {
      this.#probe(now);
    } else {
      this.#search = new MatchpointSearch({
        first: range.contiguousFrom ?? range.first,
        lastSync: range.lastSync,
        chained,
        strategy,
        flight,
        compareLsn,
        random,
      });
      this.#advance(now);
    }
  }

  /** When to call `tick`, in ms; Infinity while the machine waits for its own side. */
  get deadline(): number {
    return this.#deadline;
  }

  /** The next thing to do; undefined if there is none for now. */
  poll(): ReplicaOutput | undefined {
    return this.#outputs.shift();
  }

  /** Takes a message of the feeder. An invalid one ends the handshake. */
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
          this.#weighRollback(undefined);
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

  /** Answers a `lookup`, in its order. Throws `argument` if there was none. */
  lookedUp(entries: readonly (LogEntry | undefined)[], now: number): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'search' || this.#search === undefined) {
      throw new SyncupError('argument', 'these look-ups were not requested');
    }
    this.#guard(() => {
      this.#search!.lookedUp(entries);
      this.#advance(now);
    });
  }

  /** Answers `passed`. Throws `argument` if it was not requested. */
  passed(passed: PassedTransactions, now: number): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'passed') {
      throw new SyncupError('argument', 'passed transactions were not requested');
    }
    const { range, barrier, policy, feederLeads = true } = this.#options;
    this.#guard(() => {
      const decision = decideRollback({
        range,
        matchpoint: this.#matchpoint?.vlsn ?? 0n,
        passed,
        feederLeads,
        barrier,
        policy,
      });
      this.#act(decision, now);
    });
  }

  /** Continues after the plan was carried out. Throws `argument` if there is no plan. */
  proceed(): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'plan')
      throw new SyncupError('argument', 'there is no plan to proceed with');
    const matchpoint = this.#matchpoint?.vlsn ?? 0n;
    const startVlsn = matchpoint + 1n;
    this.#outputs.push({ type: 'send', message: { type: 'startStream', startVlsn } });
    this.#done({ type: 'stream', matchpoint, startVlsn });
  }

  /** Ends the handshake with `timeout` if the deadline has passed. */
  tick(now: number): void {
    if (now < this.#deadline) return;
    const { stepTimeout = DEFAULT_STEP_TIMEOUT } = this.#options;
    const text = `the feeder did not send ${this.#expected()} within ${stepTimeout} ms`;
    this.#fail(new SyncupError('timeout', text));
  }

  /** Does what the search needs next. */
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
      if (step.matchpoint !== undefined) this.#weighRollback(step.matchpoint);
      else this.#withoutMatchpoint(now);
    }
  }

  /** A log with finished transactions then needs a snapshot; any other may start at VLSN 1. */
  #withoutMatchpoint(now: number): void {
    const { range, feederEmpty } = this.#options;
    if (range.lastTxnEnd !== 0n) this.#restore(this.#failedVlsn, now);
    else if (feederEmpty) this.#weighRollback(undefined);
    else this.#probe(now);
  }

  /** Asks for VLSN 1, to learn whether the feeder can stream from the very start. */
  #probe(now: number): void {
    this.#state = 'probe';
    this.#probed = 1;
    this.#outputs.push({ type: 'send', message: { type: 'entryRequest', vlsn: 1n } });
    this.#expectBy(now);
  }

  /** Asks which transactions a rollback to the matchpoint would undo. */
  #weighRollback(matchpoint: LogEntry | undefined): void {
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
        this.#fail(new SyncupError('stale-term', 'the feeder belongs to an old term'), decision);
        return;
      default: {
        const { reason, to, passed } = decision;
        const lost = `${passed.count} transactions, ${passed.durable} of them durable`;
        const text = `a rollback to VLSN ${to} would undo ${lost}; prohibited by "${reason}"`;
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
    this.#deadline = now + (this.#options.stepTimeout ?? DEFAULT_STEP_TIMEOUT);
  }

  #expected(): string {
    if (this.#state === 'search' && this.#asked.length > 0) {
      const { vlsn } = this.#asked[this.#replies.length]!;
      return `an answer to the request for VLSN ${vlsn}`;
    }
    if (this.#state === 'probe') return 'the entry at VLSN 1 or entryNotFound';
    if (this.#state === 'restore') return 'restoreResponse';
    return 'no message';
  }

  /** An error of the feeder or the log ends the handshake; any other is a bug here. */
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
    this.#outputs.push({ type: 'failed', error, decision });
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
