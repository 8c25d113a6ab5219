import type { VirtualClock } from '@shoal/testkit';

type Handler = (...args: unknown[]) => void;

/**
 * Replaces the global timers and clocks with those of `clock`, so that whole nodes run in virtual
 * time, and a seed determines a run. Returns a function that restores them.
 */
export function installVirtualTime(clock: VirtualClock, start = 1_700_000_000_000): () => void {
  const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = globalThis;
  const realNow = performance.now;
  const realDate = Date.now;
  const intervals = new WeakMap<object, { timer: object | number }>();
  const virtual = {
    setTimeout: (handler: Handler, delay = 0, ...args: unknown[]) =>
      clock.setTimeout(() => handler(...args), delay),
    setImmediate: (handler: Handler, ...args: unknown[]) =>
      clock.setTimeout(() => handler(...args), 0),
    clearTimeout: (timer: object | number | undefined) => {
      if (timer !== undefined) clock.clearTimeout(timer);
    },
    setInterval: (handler: Handler, delay = 0, ...args: unknown[]) => {
      const id = {};
      const next = (): void => {
        intervals.set(id, { timer: clock.setTimeout(run, Math.max(1, delay)) });
      };
      const run = (): void => {
        next();
        handler(...args);
      };
      next();
      return id;
    },
    clearInterval: (id: object | undefined) => {
      const interval = id && intervals.get(id);
      if (interval) clock.clearTimeout(interval.timer);
    },
  };
  Object.assign(globalThis, virtual);
  performance.now = () => clock.now();
  Date.now = () => start + Math.floor(clock.now());
  return () => {
    Object.assign(globalThis, {
      setTimeout,
      clearTimeout,
      setInterval,
      clearInterval,
      setImmediate,
    });
    performance.now = realNow;
    Date.now = realDate;
  };
}
