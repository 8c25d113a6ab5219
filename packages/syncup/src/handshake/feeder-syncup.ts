import type { SyncupMessage } from '@shoal/wire';
import { SyncupError } from '../errors.ts';
import type { LogEntry, LogView, MaybePromise } from '../log/log-store.ts';

/** Options of a {@link FeederSyncup}. */
export interface FeederSyncupOptions {
  /** The current time, in ms. */
  readonly now: number;
  /** How long the replica may take for each step, in ms. Default 30,000. */
  readonly stepTimeout?: number | undefined;
  /** How many requests may wait to be answered. More of them end the handshake. Default 1024. */
  readonly maxPending?: number | undefined;
}

/** How a handshake has ended for the feeder. */
export type FeederOutcome =
  /** The replica wants a stream from `startVlsn` on. */
  | { readonly type: 'stream'; readonly startVlsn: bigint }
  /** The replica needs a snapshot, and was told that it may fetch one. */
  | { readonly type: 'restore'; readonly failedVlsn: bigint };

/** What a {@link FeederSyncup} wants done. */
export type FeederOutput =
  | { readonly type: 'send'; readonly message: SyncupMessage }
  /** Look an entry up with {@link lookUpForFeeder}. Answer with `lookedUp`. */
  | ({ readonly type: 'lookup' } & FeederQuestion)
  | { readonly type: 'done'; readonly outcome: FeederOutcome }
  | { readonly type: 'failed'; readonly error: SyncupError };

/** What a feeder must look up in its log. */
export interface FeederQuestion {
  readonly vlsn: bigint;
  /** Whether the last sync point may be offered if the log ends below `vlsn`. */
  readonly alternate: boolean;
}

/** What a feeder's log holds. */
export interface FeederLookup {
  readonly entry: LogEntry | undefined;
  /** The last sync point, if the log ends below the VLSN and an alternate may be offered. */
  readonly alternate: LogEntry | undefined;
}

/** Answers a `lookup` of a {@link FeederSyncup} from a log. */
export function lookUpForFeeder(
  log: LogView,
  { vlsn, alternate }: FeederQuestion,
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
 * flights and are answered in order. After each call, drain {@link FeederSyncup.poll}. Call `tick`
 * once {@link FeederSyncup.deadline} has passed.
 */
export class FeederSyncup {
  readonly #stepTimeout: number;
  readonly #maxPending: number;
  readonly #outputs: FeederOutput[] = [];
  /** Messages that wait for the look-up under way. */
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

  /** When to call `tick`, in ms; Infinity while the machine waits for its own side. */
  get deadline(): number {
    return this.#lookingUp || this.#over ? Number.POSITIVE_INFINITY : this.#deadline;
  }

  /** The next thing to do; undefined if there is none for now. */
  poll(): FeederOutput | undefined {
    return this.#outputs.shift();
  }

  /** Takes a message of the replica. An invalid one ends the handshake. */
  receive(message: SyncupMessage, now: number): void {
    if (this.#over) return;
    this.#deadline = now + this.#stepTimeout;
    if (this.#pending.length >= this.#maxPending) {
      const text = `the replica sent more than ${this.#maxPending} requests at once`;
      this.#fail(new SyncupError('protocol', text));
      return;
    }
    this.#pending.push(message);
    this.#next();
  }

  /** Gives the replica more time after a sign of life. */
  keepAlive(now: number): void {
    this.#deadline = now + this.#stepTimeout;
  }

  /** Answers a `lookup`. Ignored after the end. Throws `argument` if there was none. */
  lookedUp({ entry, alternate }: FeederLookup, now: number): void {
    if (this.#over) return;
    if (!this.#lookingUp) {
      throw new SyncupError('argument', 'this look-up was not requested');
    }
    this.#lookingUp = false;
    this.#first = false;
    this.#deadline = now + this.#stepTimeout;
    if (entry) this.#send({ type: 'entry', ...fields(entry) });
    else if (alternate) this.#send({ type: 'alternateMatchpoint', ...fields(alternate) });
    else this.#send({ type: 'entryNotFound' });
    this.#next();
  }

  /** Ends the handshake with `timeout` if the deadline has passed. */
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
      const text = `expected nothing after the handshake, not ${rest.type}`;
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
