import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command, Report } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('./application.js', import.meta.url));
/** The example fails when anything takes longer than this, in ms. */
const TIMEOUT = 60_000;

type ReportOf<T extends Report['type']> = Extract<Report, { type: T }>;

/** One of the three processes, seen from outside. */
export class NodeProcess {
  readonly name: string;
  address = '';
  readonly #child: ChildProcess;
  readonly #reports: Report[] = [];
  readonly #looks = new Set<() => void>();
  #exited = false;

  constructor(name: string, bind: string, path: string, seeds: readonly string[]) {
    this.name = name;
    this.#child = fork(SCRIPT, [name, bind, path, ...seeds]);
    this.#child.on('message', (report: Report) => {
      this.#reports.push(report);
      for (const look of this.#looks) look();
    });
    this.#child.on('error', () => {});
    this.#child.on('exit', () => {
      this.#exited = true;
      for (const look of this.#looks) look();
    });
  }

  /** How many reports have arrived so far; a position for `hears`. */
  get mark(): number {
    return this.#reports.length;
  }

  tell(command: Command): void {
    if (!this.#child.connected) throw new Error(`${this.name} has exited`);
    this.#child.send(command);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the first such report after position `since`. */
  hears<T extends Report['type']>(
    type: T,
    wanted: (report: ReportOf<T>) => boolean = () => true,
    since = 0,
  ): Promise<ReportOf<T>> {
    const is = (report: Report): report is ReportOf<T> =>
      report.type === type && wanted(report as ReportOf<T>);
    return this.#when(() => this.#reports.slice(since).find(is), type);
  }

  async exit(): Promise<void> {
    await this.#when(() => this.#exited || undefined, 'its end', true);
  }

  #when<T>(look: () => T | undefined, what: string, mayExit = false): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined && (mayExit || !this.#exited)) return;
        clearTimeout(timer);
        this.#looks.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`${this.name} exited before: ${what}`));
      };
      const timer = setTimeout(() => {
        this.#looks.delete(check);
        reject(new Error(`${this.name}: no ${what} within ${TIMEOUT} ms`));
      }, TIMEOUT);
      this.#looks.add(check);
      check();
    });
  }
}
