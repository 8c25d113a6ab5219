import { expect, test } from 'vitest';
import { AsyncQueue } from './async-queue.ts';

test('items come out in order, pushed before or during a read', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  const reader = queue[Symbol.asyncIterator]();
  const reads = [reader.next(), reader.next()];
  queue.push(2);
  expect(await Promise.all(reads)).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
  ]);
});

test('leaving a loop leaves the rest for the next one', async () => {
  const queue = new AsyncQueue<number>();
  for (const item of [1, 2, 3]) queue.push(item);
  for await (const item of queue) {
    expect(item).toBe(1);
    break;
  }
  expect(queue.end()).toEqual([2, 3]);
});

test('the end settles pending reads and refuses further items', async () => {
  const queue = new AsyncQueue<number>();
  const pending = queue[Symbol.asyncIterator]().next();
  expect(queue.end()).toEqual([]);
  expect(await pending).toEqual({ done: true, value: undefined });
  expect(queue.push(1)).toBe(false);
  expect(await queue[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
});
