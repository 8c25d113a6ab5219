import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeadlineTimer } from './deadline-timer.ts';
import { MAX_TIMER_DELAY } from './sleep.ts';

let fired = 0;
let timer: DeadlineTimer;

beforeEach(() => {
  vi.useFakeTimers();
  fired = 0;
  timer = new DeadlineTimer(() => fired++, { now: () => Date.now() });
});
afterEach(() => void vi.useRealTimers());

const at = (ms: number): number => Date.now() + ms;

test('fires once when the deadline has passed', () => {
  timer.arm(at(50));
  vi.advanceTimersByTime(49);
  expect(fired).toBe(0);
  vi.advanceTimersByTime(1000);
  expect(fired).toBe(1);
  expect(timer.deadline).toBe(Number.POSITIVE_INFINITY);
});

test('an earlier deadline takes effect, and a later one sets no second timer', () => {
  timer.arm(at(100));
  timer.arm(at(20));
  vi.advanceTimersByTime(20);
  expect(fired).toBe(1);
  timer.arm(at(20));
  timer.arm(at(100));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(99);
  expect(fired).toBe(1);
  vi.advanceTimersByTime(1);
  expect(fired).toBe(2);
});

test('can be disarmed, and armed again', () => {
  timer.arm(at(10));
  timer.disarm();
  expect(vi.getTimerCount()).toBe(0);
  timer.arm(at(30));
  vi.advanceTimersByTime(30);
  expect(fired).toBe(1);
});

test('splits a wait that is longer than a timer allows', () => {
  timer.arm(at(MAX_TIMER_DELAY + 10));
  vi.advanceTimersByTime(MAX_TIMER_DELAY);
  expect(fired).toBe(0);
  vi.advanceTimersByTime(10);
  expect(fired).toBe(1);
});

test('a deadline in the past fires in the next turn, not inside arm', () => {
  timer.arm(at(-5));
  expect(fired).toBe(0);
  vi.advanceTimersByTime(0);
  expect(fired).toBe(1);
});
