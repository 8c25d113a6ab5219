import { expect, it } from 'vitest';
import { systemClock } from './monotonic-clock.ts';

it('runs and cancels timers', async () => {
  const ran: string[] = [];
  systemClock.clearTimeout(systemClock.setTimeout(() => ran.push('canceled now'), 0));
  systemClock.clearTimeout(systemClock.setTimeout(() => ran.push('canceled'), 1));
  const before = systemClock.now();
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 0));
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 5));
  expect(systemClock.now()).toBeGreaterThan(before);
  expect(ran).toEqual([]);
});
