import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command, MemberOptions, Report, State } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('./member.js', import.meta.url));

/** How long anything may take before the demo has failed, in ms. */
const PATIENCE = 60_000;

/** All but the states, of which only the last one counts. */
type Told = Exclude<Report, State>;
type ReportOf<T extends Told['type']> = Extract<Told, { type: T }>;

/** One member of the cluster: a process of its own, seen from outside. */
export class MemberProcess {
  readonly name: string;
  address = '';
  /** How it stands, as it said last. */
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
    // A message that cannot be delivered any more: the exit tells.
    this.#child.on('error', () => {});
    this.#child.on('exit', () => {
      this.#exited = true;
      for (const listener of this.#listeners) listener();
    });
  }

  /** How many reports have come so far: a place to look from. */
  get mark(): number {
    return this.#reports.length;
  }

  /** The first report of this type, from `since` on, that matches; waits for it. */
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

  /** Waits until it stands as wanted. */
  async stands(what: string, wanted: (state: State) => boolean): Promise<State> {
    return this.#when(() => (this.state && wanted(this.state) ? this.state : undefined), what);
  }

  get exited(): boolean {
    return this.#exited;
  }

  /** Whether such a report has come since. */
  saw(type: Told['type'], address: string, since: number): boolean {
    return this.#reports
      .slice(since)
      .some((report) => report.type === type && 'address' in report && report.address === address);
  }

  /** Throws when the process is gone. */
  tell(command: Command): void {
    if (this.#exited || !this.#child.connected) throw new Error(`${this.name} has died`);
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
        else if (needsLife && this.#exited) reject(new Error(`${this.name} died before: ${what}`));
        else return;
        stop();
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`${this.name}: no ${what} within ${PATIENCE} ms`));
      }, PATIENCE);
      this.#listeners.add(check);
      check();
    });
  }
}
