import type { EntryKinds, LogStore, NewEntry } from '@shoal/syncup';
import { Cleanup } from '../test-runner.ts';

/** The options of a log that a case needs. */
export interface LogConformanceOptions {
  readonly kinds?: EntryKinds;
  readonly fingerprint?: 'chained' | 'noxu';
}

/** Describes the log under test. */
export interface LogConformanceSetup {
  /** The name of the log in the report. */
  readonly name: string;
  /** Creates an empty log. */
  create(options: LogConformanceOptions): LogStore | Promise<LogStore>;
  /**
   * For a durable log: reopens the log that `create` made with these options, after the suite has
   * disposed of it. Default: no case reopens a log.
   */
  reopen?(log: LogStore, options: LogConformanceOptions): LogStore | Promise<LogStore>;
}

/** What a case works with. */
export class LogTestBed {
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

  /** Closes and reopens the log if the setup can. */
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
