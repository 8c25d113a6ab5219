import type { MemberProcess } from './member-process.ts';
import { View } from './view.ts';

/** Announces what is to happen, and reports what did. The first thing that does not fails the demo. */
export class Checks {
  readonly #view: View;
  readonly #done: string[] = [];

  constructor(members: readonly MemberProcess[]) {
    this.#view = new View(members);
  }

  get count(): number {
    return this.#done.length;
  }

  title(text: string): void {
    this.#view.print(`\n${this.#view.bold(text)}`);
  }

  tell(text: string): void {
    this.#view.print(`              ${text}`);
  }

  /** Waits for something to happen, and prints how long it took. */
  async confirm(what: string, happened: Promise<unknown>): Promise<void> {
    const since = performance.now();
    this.#view.waiting = what;
    const detail = await happened;
    this.#view.waiting = '';
    this.#done.push(what);
    const took = ((performance.now() - since) / 1000).toFixed(2).padStart(6);
    const more = typeof detail === 'string' && detail !== '' ? `: ${detail}` : '';
    this.#view.print(`  ${this.#view.green('ok')} ${took} s  ${what}${more}`);
  }

  /** Ends the live view. */
  end(): void {
    this.#view.end();
  }
}
