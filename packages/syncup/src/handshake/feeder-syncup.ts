import type { SyncupMessage } from '@shoal/wire';
import { SyncupError } from '../errors.ts';
import type { LogEntry, LogView, MaybePromise } from '../log/log-store.ts';

/** What a {@link FeederSyncup} starts from. */
export interface FeederSyncupOptions {
  /** The time, in ms. */
  readonly now: number;
  /** How long the replica may take for each step, in ms. Default 30,000. */
  readonly stepTimeout?: number;
  /** How many requests may wait to be answered. Default 1024; more end the syncup. */
  readonly maxPending?: number;
}

/** What a syncup has come to on the feeder's side. */
export type FeederOutcome =
  | { readonly type: 'stream'; readonly startVlsn: bigint }
  /** The replica needs a full copy, and has been told that it may have one. */
  | { readonly type: 'restore'; readonly failedVlsn: bigint };

/** What a {@link FeederSyncup} wants done. */
export type FeederOutput =
  | { readonly type: 'send'; readonly message: SyncupMessage }
  /** What the log holds at `vlsn`, see {@link lookUpForFeeder}: `lookedUp`. */
  | { readonly type: 'lookup'; readonly vlsn: bigint; readonly alternate: boolean }
  | { readonly type: 'done'; readonly outcome: FeederOutcome }
  | { readonly type: 'failed'; readonly error: SyncupError };

/** What a log holds for a feeder's look-up. */
export interface FeederLookup {
  readonly entry: LogEntry | undefined;
  /** The last sync point, when the VLSN lies above all that is held and one was asked for. */
  readonly alternate: LogEntry | undefined;
}

/** Answers a `lookup` of a {@link FeederSyncup} from a log. */
export function lookUpForFeeder(
  log: LogView,
  vlsn: bigint,
  alternate: boolean,
): MaybePromise<FeederLookup> {
  const { last } = log.range;
  if (vlsn <= last) {
    const entry = log.entry(vlsn);
    return entry instanceof Promise
      ? entry.then((found) => ({ entry: found, alternate: undefined }))
      : { entry, alternate: undefined };
  }
  const sync = alternate ? log.syncAtOrBefore(last) : undefined;
  return sync instanceof Promise
    ? sync.then((found) => ({ entry: undefined, alternate: found }))
    : { entry: undefined, alternate: sync };
}

/**
 * The feeder's side of the handshake, which answers: a sans-I/O machine. Requests may come in
 * flights and are answered in order. After each call drain {@link FeederSyncup.poll}; call
 * `tick` when {@link FeederSyncup.deadline} has come.
 */
export class FeederSyncup {
  readonly #stepTimeout: number;
  readonly #maxPending: number;
  readonly #outputs: FeederOutput[] = [];
  /** What has come and waits for the look-up under way. */
  readonly #pending: SyncupMessage[] = [];
  #lookingUp = false;
  #first = true;
  #over = false;
  #deadline: number;

  constructor(options: FeederSyncupOptions) {
    this.#stepTimeout = options.stepTimeout ?? 30_000;
    this.#maxPending = options.maxPending ?? 1024;
    this.#deadline = options.now + this.#stepTimeout;
  }

  /** When `tick` must be called, in ms; `Infinity` while it waits for its own side. */
  get deadline(): number {
    return this.#lookingUp || this.#over ? Number.POSITIVE_INFINITY : this.#deadline;
  }

  /** The next thing to do; undefined when there is none for now. */
  poll(): FeederOutput | undefined {
    return this.#outputs.shift();
  }

  /** A message of the replica. A wrong one ends the syncup. */
  receive(message: SyncupMessage, now: number): void {
    if (this.#over) return;
    this.#deadline = now + this.#stepTimeout;
    if (this.#pending.length >= this.#maxPending) {
      const text = `expected ${this.#maxPending} pending requests at most`;
      this.#fail(new SyncupError('protocol', text));
      return;
    }
    this.#pending.push(message);
    this.#next();
  }

  /** Gives the replica more time: it has said that it is still at it. */
  keepAlive(now: number): void {
    this.#deadline = now + this.#stepTimeout;
  }

  /** Answers a `lookup`; too late when it is over. Throws `argument` when none was asked for. */
  lookedUp({ entry, alternate }: FeederLookup, now: number): void {
    if (this.#over) return;
    if (!this.#lookingUp) {
      throw new SyncupError('argument', 'an answer to a look-up that was not asked for');
    }
    this.#lookingUp = false;
    this.#first = false;
    this.#deadline = now + this.#stepTimeout;
    if (entry) this.#send({ type: 'entry', ...fields(entry) });
    else if (alternate) this.#send({ type: 'alternateMatchpoint', ...fields(alternate) });
    else this.#send({ type: 'entryNotFound' });
    this.#next();
  }

  /** Ends the syncup with `timeout` when the deadline has come. */
  tick(now: number): void {
    if (now < this.deadline) return;
    const text = `the replica did not send ${EXPECTED} within ${this.#stepTimeout} ms`;
    this.#fail(new SyncupError('timeout', text));
  }

  #next(): void {
    if (this.#lookingUp || this.#over) return;
    const message = this.#pending.shift();
    if (message === undefined) return;
    switch (message.type) {
      case 'entryRequest':
        if (message.vlsn < 1n) break;
        this.#lookingUp = true;
        this.#outputs.push({ type: 'lookup', vlsn: message.vlsn, alternate: this.#first });
        return;
      case 'startStream':
        if (message.startVlsn < 1n) break;
        this.#done({ type: 'stream', startVlsn: message.startVlsn });
        return;
      case 'restoreRequest':
        this.#send({ type: 'restoreResponse' });
        this.#done({ type: 'restore', failedVlsn: message.failedVlsn });
        return;
    }
    const vlsn =
      message.type === 'entryRequest'
        ? ` for VLSN ${message.vlsn}`
        : message.type === 'startStream'
          ? ` at VLSN ${message.startVlsn}`
          : '';
    this.#fail(new SyncupError('protocol', `expected ${EXPECTED}, not ${message.type}${vlsn}`));
  }

  #send(message: SyncupMessage): void {
    this.#outputs.push({ type: 'send', message });
  }

  #done(outcome: FeederOutcome): void {
    const rest = this.#pending[0];
    if (rest !== undefined) {
      const text = `expected nothing behind the end of the syncup, not ${rest.type}`;
      this.#fail(new SyncupError('protocol', text));
      return;
    }
    this.#over = true;
    this.#outputs.push({ type: 'done', outcome });
  }

  #fail(error: SyncupError): void {
    this.#over = true;
    this.#pending.length = 0;
    this.#outputs.length = 0;
    this.#outputs.push({ type: 'failed', error });
  }
}

const EXPECTED = 'entryRequest, startStream or restoreRequest, from VLSN 1 on';

function fields({ vlsn, lsn, fingerprint, isSync }: LogEntry): {
  vlsn: bigint;
  lsn: bigint;
  fingerprint: bigint;
  isSync: boolean;
} {
  return { vlsn, lsn, fingerprint, isSync };
}
