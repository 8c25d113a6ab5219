import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** An event that a Rust peer printed: one JSON object per line. */
export type RustEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

const BINARIES = new URL('../rust/target/release/', import.meta.url);

/** The path of one of the Rust programs. */
export function rustBinary(name: string): string {
  return fileURLToPath(new URL(name, BINARIES));
}

interface Waiter {
  readonly matches: (event: RustEvent) => boolean;
  readonly resolve: (event: RustEvent) => void;
}

/** A running Rust peer, whose events can be waited for. */
export class RustProcess implements AsyncDisposable {
  /** Every event so far, in order. */
  readonly events: RustEvent[] = [];
  readonly #child: ChildProcess;
  readonly #waiters = new Set<Waiter>();
  readonly #name: string;
  readonly #exit: Promise<number | null>;
  #stderr = '';

  constructor(name: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(rustBinary(name), args, { stdio: 'pipe' });
    this.#exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', resolve);
    });
    // Callers that await `exit` see the error; nobody else has to.
    this.#exit.catch(() => {});
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    let rest = '';
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line) as RustEvent);
    });
  }

  /** Resolves with the exit code, null after a signal. */
  get exit(): Promise<number | null> {
    return this.#exit;
  }

  /** The first matching event, past or future. Rejects if there is none within the timeout. */
  waitFor(
    what: string,
    matches: (event: RustEvent) => boolean,
    timeout = 20_000,
  ): Promise<RustEvent> {
    const known = this.events.find(matches);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        const seen = this.events.map((event) => JSON.stringify(event)).join('\n  ');
        reject(new Error(`${this.#name}: no ${what} in ${timeout} ms\n  ${seen}\n${this.#stderr}`));
      }, timeout);
      const waiter: Waiter = {
        matches,
        resolve: (event) => {
          clearTimeout(timer);
          resolve(event);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** Sends a command line to the peer. */
  command(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#exit.catch(() => {});
  }

  #take(event: RustEvent): void {
    this.events.push(event);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(event)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(event);
    }
  }
}
