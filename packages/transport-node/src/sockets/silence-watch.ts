/** Reports when nothing has been heard for too long. */
export class SilenceWatch {
  readonly #timeout: number;
  readonly #onSilence: () => void;
  #last: number = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** Calls `onSilence` after each `timeout` ms of silence. */
  constructor(timeout: number, onSilence: () => void) {
    this.#timeout = timeout;
    this.#onSilence = onSilence;
    this.#wait(timeout);
  }

  /** Starts the wait again. */
  heard(): void {
    this.#last = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  get #left(): number {
    return this.#timeout - (performance.now() - this.#last);
  }

  #wait(delay: number): void {
    this.#timer = setTimeout(() => {
      if (this.#left > 0) return this.#wait(Math.ceil(this.#left));
      // Timers run before sockets are read. If this process was held up, data that came in time
      // still waits in the socket: look again after the next read.
      this.#timer = setTimeout(() => this.#decide(), 0);
    }, delay);
  }

  #decide(): void {
    if (this.#left > 0) return this.#wait(Math.ceil(this.#left));
    this.heard();
    this.#wait(this.#timeout);
    this.#onSilence();
  }
}
