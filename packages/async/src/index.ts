export { onAbort, raceAbort, whenAborted } from './abort.ts';
export { AsyncQueue } from './async-queue.ts';
export { Backoff, type BackoffOptions } from './backoff.ts';
export { DeadlineTimer, type DeadlineTimerOptions } from './deadline-timer.ts';
export {
  Emitter,
  type EmitterOptions,
  type EventOfType,
  type EventShape,
  type EventSource,
  type EventsOptions,
  type ListenOptions,
} from './emitter.ts';
export type { EventStream } from './event-stream.ts';
export { Fifo } from './fifo.ts';
export { SerialQueue } from './serial-queue.ts';
export { MAX_TIMER_DELAY, pause, sleep } from './sleep.ts';
export { toError } from './to-error.ts';
export { Waiters, type WaitOptions } from './waiters.ts';
