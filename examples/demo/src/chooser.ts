import type { LeaderChoice, Leadership } from '@shoal/node';

/** Leaders as the parent chooses them: in production this would be etcd, or a person. */
export class Chooser implements Leadership {
  #choice: LeaderChoice | undefined;
  #wake: (() => void) | undefined;

  choose(leader: string, epoch: number): void {
    this.#choice = { leader, epoch: BigInt(epoch) };
    this.#wake?.();
  }

  async *choices({ signal }: { signal: AbortSignal }): AsyncGenerator<LeaderChoice | undefined> {
    signal.addEventListener('abort', () => this.#wake?.());
    while (!signal.aborted) {
      yield this.#choice;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
