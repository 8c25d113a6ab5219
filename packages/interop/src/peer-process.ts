import { type ChildProcess, spawn } from 'node:child_process';

/** An event that a peer printed: one JSON object per line. */
export type PeerEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

interface Waiter {
  readonly matches: (event: PeerEvent) => boolean;
  readonly resolve: (event: PeerEvent) => void;
  /** `how` says what makes the wait pointless. */
  readonly fail: (how: string) => void;
}

/** What a {@link PeerProcess} runs. */
export interface PeerProgram {
  /** What errors call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** A running peer in another language, whose events can be waited for. */
export class PeerProcess implements AsyncDisposable {
  /** Every event so far, in order. */
  readonly events: PeerEvent[] = [];
  readonly #child: ChildProcess;
  readonly #waiters = new Set<Waiter>();
  readonly #name: string;
  readonly #exit: Promise<number | null>;
  #stderr = '';
  /** How it ended; undefined while it runs. */
  #ended: string | undefined;

  constructor({ name, command, args }: PeerProgram) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: 'pipe' });
    this.#exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', resolve);
    });
    // Callers that await `exit` see the error; the others learn that no event will come.
    this.#exit.then(
      (code) => this.#end(`ended with ${code}`),
      (error: unknown) => this.#end(`could not run: ${String(error)}`),
    );
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    let rest = '';
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line) as PeerEvent);
    });
  }

  /** Resolves with the exit code, null after a signal. */
  get exit(): Promise<number | null> {
    return this.#exit;
  }

  /**
   * The first matching event, past or future. Rejects if there is none within the timeout, or until
   * the peer ends.
   */
  waitFor(
    what: string,
    matches: (event: PeerEvent) => boolean,
    timeout = 20_000,
  ): Promise<PeerEvent> {
    const known = this.events.find(matches);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => waiter.fail(`not in ${timeout} ms`), timeout);
      const waiter: Waiter = {
        matches,
        resolve: (event) => {
          clearTimeout(timer);
          resolve(event);
        },
        fail: (how) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          const seen = this.events.map((event) => JSON.stringify(event)).join('\n  ');
          reject(new Error(`${this.#name}: no ${what}: ${how}\n  ${seen}\n${this.#stderr}`));
        },
      };
      this.#waiters.add(waiter);
      if (this.#ended !== undefined) waiter.fail(this.#ended);
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

  #end(how: string): void {
    this.#ended = how;
    for (const waiter of this.#waiters) waiter.fail(how);
  }

  #take(event: PeerEvent): void {
    this.events.push(event);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(event)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(event);
    }
  }
}
