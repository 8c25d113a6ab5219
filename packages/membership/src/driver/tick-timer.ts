import { DeadlineTimer } from '@shoal/async';

/** A timer that fires this late, in ms, first lets the process read what has arrived meanwhile. */
const LATE = 50;

/** How many turns of the event loop that may take: in each, a socket yields about 32 datagrams. */
const TURNS = 32;

/** Calls `tick` when the deadline has come. Times are in ms of `performance.now`. */
export class TickTimer {
  readonly #tick: () => void;
  readonly #timer = new DeadlineTimer(() => this.#onDeadline());
  #deadline: number = Number.POSITIVE_INFINITY;
  #inputs = 0;
  #catchingUp: ReturnType<typeof setTimeout> | undefined;

  constructor(tick: () => void) {
    this.#tick = tick;
  }

  /** Sets the deadline, in place of the previous one. Cheap enough to call for every packet. */
  arm(deadline: number): void {
    this.#deadline = deadline;
    if (this.#catchingUp === undefined) this.#timer.arm(deadline);
  }

  /** Notes that something was read from a socket. */
  onInput(): void {
    this.#inputs++;
  }

  stop(): void {
    this.#timer.disarm();
    clearTimeout(this.#catchingUp);
  }

  #onDeadline(): void {
    if (performance.now() - this.#deadline > LATE) this.#tickAfterInput(TURNS);
    else this.#tick();
  }

  /**
   * Event loops run timers before sockets. After the process was held up, acks that came in time
   * still wait in the socket, so this lets the loop turn until a turn brings no input, at most
   * `turns` times, and then ticks.
   */
  #tickAfterInput(turns: number): void {
    const inputs = this.#inputs;
    this.#catchingUp = setTimeout(() => {
      this.#catchingUp = undefined;
      if (this.#inputs === inputs || turns === 1) this.#tick();
      else this.#tickAfterInput(turns - 1);
    }, 0);
  }
}
