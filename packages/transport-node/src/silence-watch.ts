/** Tells when something that should be heard now and then has been silent for too long. */
export class SilenceWatch {
  readonly #timeout: number;
  readonly #onSilence: () => void;
  #last: number = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** `timeout` in ms. `onSilence` is called once, and again after each silence that follows. */
  constructor(timeout: number, onSilence: () => void) {
    this.#timeout = timeout;
    this.#onSilence = onSilence;
    this.#wait(timeout, false);
  }

  heard(): void {
    this.#last = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(delay: number, certain: boolean): void {
    this.#timer = setTimeout(() => {
      const left = this.#timeout - (performance.now() - this.#last);
      if (left > 0) return this.#wait(Math.ceil(left), false);
      // Timers come before sockets: when we were held up, what was said in time waits there.
      if (!certain) return this.#wait(0, true);
      this.#last = performance.now();
      this.#wait(this.#timeout, false);
      this.#onSilence();
    }, delay);
  }
}
