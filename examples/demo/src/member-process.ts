import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command, MemberOptions, Report, State } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('./member.js', import.meta.url));

/** The demo fails when anything takes longer than this, in ms. */
export const TIMEOUT = 60_000;

/** All reports but states, of which only the last one counts. */
type Told = Exclude<Report, State>;
type ReportOf<T extends Told['type']> = Extract<Told, { type: T }>;

/** The process of one member, seen from the parent. */
export class MemberProcess {
  readonly name: string;
  address = '';
  /** Its state, as it reported last. */
  state: State | undefined;
  readonly #child: ChildProcess;
  readonly #reports: Told[] = [];
  readonly #listeners = new Set<() => void>();
  #exited = false;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.#child = fork(SCRIPT, [JSON.stringify(options)]);
    this.#child.on('message', (report: Report) => {
      if (report.type === 'state') this.state = report;
      else this.#reports.push(report);
      for (const listener of this.#listeners) listener();
    });
    // A message that can no longer be delivered: `exit` follows.
    this.#child.on('error', () => {});
    this.#child.on('exit', () => {
      this.#exited = true;
      for (const listener of this.#listeners) listener();
    });
  }

  /** How many reports have arrived so far; a position for `report`. */
  get mark(): number {
    return this.#reports.length;
  }

  /** Resolves with the first matching report of this type after position `since`. */
  async report<T extends Told['type']>(
    type: T,
    matches: (report: ReportOf<T>) => boolean = () => true,
    since = 0,
  ): Promise<ReportOf<T>> {
    const find = (): ReportOf<T> | undefined =>
      this.#reports
        .slice(since)
        .find(
          (report): report is ReportOf<T> => report.type === type && matches(report as ReportOf<T>),
        );
    return this.#when(find, `report "${type}"`);
  }

  /** Resolves once its state is as wanted. */
  async stands(what: string, wanted: (state: State) => boolean): Promise<State> {
    return this.#when(() => (this.state && wanted(this.state) ? this.state : undefined), what);
  }

  get exited(): boolean {
    return this.#exited;
  }

  /** Whether such a report has arrived since. */
  saw(type: Told['type'], address: string, since: number): boolean {
    return this.#reports
      .slice(since)
      .some((report) => report.type === type && 'address' in report && report.address === address);
  }

  /** Throws if the process has exited. */
  tell(command: Command): void {
    if (this.#exited || !this.#child.connected) throw new Error(`${this.name} has exited`);
    this.#child.send(command);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async exit(): Promise<void> {
    await this.#when(() => this.#exited || undefined, 'exit', false);
  }

  #when<T>(look: () => T | undefined, what: string, needsLife = true): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
      };
      const check = (): void => {
        const found = look();
        if (found !== undefined) resolve(found);
        else if (needsLife && this.#exited)
          reject(new Error(`${this.name} exited before: ${what}`));
        else return;
        stop();
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`${this.name}: no ${what} within ${TIMEOUT} ms`));
      }, TIMEOUT);
      this.#listeners.add(check);
      check();
    });
  }
}
