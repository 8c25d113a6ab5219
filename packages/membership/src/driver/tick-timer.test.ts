import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TickTimer } from './tick-timer.ts';

let ticks = 0;
let timer: TickTimer;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  ticks = 0;
  timer = new TickTimer(() => ticks++);
});
afterEach(() => void vi.useRealTimers());

const inMs = (ms: number): number => performance.now() + ms;

test('ticks once, when the latest deadline has come', () => {
  timer.arm(inMs(10));
  timer.arm(inMs(100));
  timer.arm(inMs(50));
  vi.advanceTimersByTime(49);
  expect(ticks).toBe(0);
  vi.advanceTimersByTime(1000);
  expect(ticks).toBe(1);
});

test('ticks at once if it is a little late', () => {
  timer.arm(inMs(-20));
  vi.advanceTimersToNextTimer();
  expect(ticks).toBe(1);
});

test('if it is very late, ticks after the first turn of the loop without input', () => {
  timer.arm(inMs(-1000));
  vi.advanceTimersToNextTimer();
  for (let turn = 0; turn < 5; turn++) {
    timer.onInput();
    timer.arm(inMs(-1000));
    vi.advanceTimersToNextTimer();
    expect(ticks).toBe(0);
  }
  vi.advanceTimersToNextTimer();
  expect(ticks).toBe(1);
});

test('does not wait for the end of a flood of input', () => {
  timer.arm(inMs(-1000));
  vi.advanceTimersToNextTimer();
  let turns = 0;
  while (ticks === 0 && turns < 1000) {
    timer.onInput();
    vi.advanceTimersToNextTimer();
    turns++;
  }
  expect(turns).toBe(32);
});

test('can be stopped at any time', () => {
  timer.arm(inMs(10));
  timer.stop();
  vi.advanceTimersByTime(1000);
  timer.arm(inMs(-1000));
  vi.advanceTimersToNextTimer();
  timer.stop();
  vi.advanceTimersByTime(1000);
  expect(ticks).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
