import { type ChildProcess, spawn } from 'node:child_process';

/** How long to wait for a line, in ms: long enough that only a hang fails. */
const PATIENCE = 60_000;

/** A child process whose output can be awaited line by line. `await using` kills it. */
export class ChildLines implements AsyncDisposable {
  /** The lines of its standard output so far. */
  readonly lines: string[] = [];
  /** Resolves with the exit code (null after a signal) once all output has been read. */
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #stderr = '';
  #ended = false;

  constructor(file: string, args: readonly string[], options: { readonly cwd?: string } = {}) {
    this.#child = spawn(file, args, { ...options, stdio: 'pipe' });
    this.exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', resolve);
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.exit.then(end, end);
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    let rest = '';
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop()!;
      this.lines.push(...parts);
      this.#wake();
    });
  }

  /** Waits for a line that matches `pattern`, from line `from` on. Resolves with the match. */
  async line(pattern: RegExp, from = 0): Promise<RegExpMatchArray> {
    const timer = setTimeout(() => this.#wake(), PATIENCE);
    const end = performance.now() + PATIENCE;
    try {
      for (let at = from; ; ) {
        for (; at < this.lines.length; at++) {
          const match = this.lines[at]!.match(pattern);
          if (match) return match;
        }
        if (this.#ended || performance.now() >= end) break;
        await new Promise<void>((resolve) => this.#listeners.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
    const why = this.#ended ? 'the process ended' : 'timed out';
    throw new Error(`no line ${pattern}: ${why}\n${this.lines.join('\n')}\n${this.#stderr}`);
  }

  /** Types a line into its standard input. */
  type(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit.catch(() => {});
  }

  #wake(): void {
    const waiting = [...this.#listeners];
    this.#listeners.clear();
    for (const resolve of waiting) resolve();
  }
}
