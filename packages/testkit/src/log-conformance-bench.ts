import {
  type Archive,
  type EntryKinds,
  type LogEntry,
  type LogStore,
  type NewEntry,
  type StoredEntry,
  SyncupError,
  type SyncupErrorCode,
} from '@shoal/syncup';
import { Cleanup, check } from './conformance-bench.ts';

/** What {@link LogConformanceSetup.create} is asked for. */
export interface LogConformanceOptions {
  readonly kinds?: EntryKinds;
  readonly fingerprint?: 'chained' | 'noxu';
}

/** How the suite gets logs. */
export interface LogConformanceSetup {
  /** Names the suite. */
  readonly name: string;
  /** A new and empty log. */
  create(options: LogConformanceOptions): LogStore | Promise<LogStore>;
  /**
   * For a log that outlives its process: opens again what `create` made with these options,
   * after the suite has disposed of it.
   */
  reopen?(log: LogStore, options: LogConformanceOptions): LogStore | Promise<LogStore>;
}

/** What a case works with. */
export class LogBench {
  readonly #setup: LogConformanceSetup;
  readonly cleanup: Cleanup = new Cleanup();

  constructor(setup: LogConformanceSetup) {
    this.#setup = setup;
  }

  get reopens(): boolean {
    return this.#setup.reopen !== undefined;
  }

  async create(options: LogConformanceOptions = {}): Promise<LogStore> {
    return this.#kept(await this.#setup.create(options));
  }

  /** A log with these entries. */
  async filled(...batches: readonly NewEntry[][]): Promise<LogStore> {
    const log = await this.create();
    for (const batch of batches) await log.append(batch);
    return log;
  }

  /** Closes it, and opens it again where that makes sense. */
  async reopened(log: LogStore, options: LogConformanceOptions = {}): Promise<LogStore> {
    if (this.#setup.reopen === undefined) return log;
    await log[Symbol.asyncDispose]();
    return this.#kept(await this.#setup.reopen(log, options));
  }

  #kept(log: LogStore): LogStore {
    this.cleanup.add(() => log[Symbol.asyncDispose]());
    return log;
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A commit, whose payload is this text. */
export function commit(text: string): NewEntry {
  return { type: 1, payload: bytes(text) };
}

/** An entry at which no matchpoint may lie. */
export function data(text: string): NewEntry {
  return { type: 0, payload: bytes(text) };
}

/** `count` commits whose payloads are their numbers behind `prefix`. */
export function commits(count: number, prefix = 'c', from = 1): NewEntry[] {
  return Array.from({ length: count }, (_, i) => commit(`${prefix}${from + i}`));
}

export function show(entry: StoredEntry): string {
  return `${entry.vlsn}:${entry.type}:${new TextDecoder().decode(entry.payload)}`;
}

/** Everything that a log holds, as text. */
export async function contents(log: LogStore): Promise<string[]> {
  const { first, last } = log.range;
  const all: string[] = [];
  if (first === 0n) return all;
  for await (const batch of log.read(first, { maxEntries: 100 })) {
    check(batch.length > 0, 'a batch has entries');
    for (const entry of batch) if (entry.vlsn <= last) all.push(show(entry));
    if (batch.at(-1)!.vlsn >= last) break;
  }
  return all;
}

export async function archived(archive: Archive): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of archive.entries()) all.push(...batch.map(show));
  return all;
}

export async function archivesOf(log: LogStore): Promise<Archive[]> {
  const all: Archive[] = [];
  for await (const archive of log.archives()) all.push(archive);
  return all;
}

/** What a look-up says, as text; empty for nothing. */
export function told(entry: LogEntry | undefined): string {
  if (entry === undefined) return '';
  const { vlsn, lsn, fingerprint, isSync, isTxnEnd } = entry;
  return `${vlsn} lsn ${lsn} fingerprint ${fingerprint} sync ${isSync} end ${isTxnEnd}`;
}

/** All bytes of a snapshot from `offset` on. */
export async function exported(log: LogStore, offset = 0): Promise<Uint8Array> {
  const snapshot = await log.exportSnapshot();
  try {
    return await join(snapshot.chunks(offset));
  } finally {
    await snapshot[Symbol.asyncDispose]();
  }
}

export async function join(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    check(chunk.length > 0 && chunk.length <= 1 << 20, 'a piece has 1 byte to 1 MiB');
    parts.push(chunk.slice());
    length += chunk.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export async function* pieces(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

/** Fails unless both hold the same, at the same LSNs and with the same fingerprints. */
export async function checkSame(a: LogStore, b: LogStore): Promise<void> {
  checkList(await contents(a), await contents(b), 'the entries');
  const { first, last } = a.range;
  for (let vlsn = first; vlsn > 0n && vlsn <= last; vlsn++) {
    checkText(told(await a.entry(vlsn)), told(await b.entry(vlsn)), `what is told of ${vlsn}`);
  }
}

export function checkText(actual: string, expected: string, what: string): void {
  check(actual === expected, `${what} is "${expected}", not "${actual}"`);
}

export function checkVlsn(actual: bigint, expected: bigint, what: string): void {
  check(actual === expected, `${what} is ${expected}, not ${actual}`);
}

export function checkList(
  actual: readonly string[],
  expected: readonly string[],
  what: string,
): void {
  const limit = Math.max(actual.length, expected.length);
  for (let i = 0; i < limit; i++) {
    check(actual[i] === expected[i], `${what}: item ${i} is ${expected[i]}, not ${actual[i]}`);
  }
}

/** Fails unless the promise rejects with a `SyncupError` of this code. */
export async function checkRefuses(
  promise: Promise<unknown>,
  code: SyncupErrorCode,
  what: string,
): Promise<void> {
  let error: unknown;
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  check(error instanceof SyncupError, `${what} is refused with a SyncupError, not ${error}`);
  check(
    error.code === code,
    `${what} is refused with ${code}, not ${error.code}: ${error.message}`,
  );
}
