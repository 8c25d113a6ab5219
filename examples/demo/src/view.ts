import type { MemberProcess } from './member-process.ts';

/** The time between redraws, in ms. */
const PERIOD = 200;

/**
 * Prints lines and, on a terminal, a table below them with the current state of each member. Uses
 * colors unless NO_COLOR is set (https://no-color.org).
 */
export class View {
  /** What the demo is waiting for. */
  waiting = '';
  readonly #members: readonly MemberProcess[];
  readonly #live: boolean;
  readonly #colors: boolean;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  /** How many lines of the table are on the screen. */
  #drawn = 0;

  constructor(members: readonly MemberProcess[]) {
    this.#members = members;
    this.#live = process.stdout.isTTY === true;
    this.#colors = this.#live && !process.env['NO_COLOR'];
    if (this.#live) this.#timer = setInterval(() => this.#draw([]), PERIOD);
  }

  bold(text: string): string {
    return this.#colors ? `\x1b[1m${text}\x1b[0m` : text;
  }

  green(text: string): string {
    return this.#colors ? `\x1b[32m${text}\x1b[0m` : text;
  }

  print(text: string): void {
    if (this.#live) this.#draw(text.split('\n'));
    else console.log(text);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#live) this.#erase();
    this.#drawn = 0;
  }

  #erase(): void {
    if (this.#drawn > 0) process.stdout.write(`\x1b[${this.#drawn}A`);
    process.stdout.write('\x1b[0J');
  }

  /** Prints lines above the table, and redraws the table. */
  #draw(lines: readonly string[]): void {
    this.#erase();
    const width = process.stdout.columns ?? 80;
    const table = this.#table().map((line) => line.slice(0, width - 1));
    process.stdout.write([...lines, ...table, ''].join('\n'));
    this.#drawn = table.length;
  }

  #table(): string[] {
    const rows = this.#members.map(({ name, state, exited }) => {
      const role = exited ? 'gone' : (state?.role ?? 'starting');
      const log = state?.digest ? `${state.last.padStart(6)}  ${state.digest}` : '';
      const members = String(state?.members.length ?? 0).padStart(2);
      return `  ${name.padEnd(9)}${role.padEnd(9)}${(state?.term ?? '').padEnd(6)}${members}  ${log}`;
    });
    const waiting = this.waiting === '' ? '' : `  ... ${this.waiting}`;
    return ['', '  member   role     term  sees    last  digest of the log', ...rows, waiting];
  }
}
