import type { MemberProcess } from './member-process.ts';
import { View } from './view.ts';

/** What was announced and seen to happen, and a failure at the first thing that was not. */
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

  /** Waits for something to be true, and tells how long that took. */
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
