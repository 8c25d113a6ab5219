import { expect, test } from 'vitest';
import { SerialQueue } from './serial-queue.ts';

test('tasks run one at a time, in order, and a failure does not stop the next', async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const task = (name: string, turns: number) => async () => {
    log.push(`${name} begins`);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    log.push(`${name} ends`);
    return name;
  };
  const first = queue.run(task('a', 5));
  const second = queue.run(async () => {
    throw new Error('no');
  });
  const third = queue.run(task('c', 1));
  expect(await first).toBe('a');
  await expect(second).rejects.toThrow('no');
  expect(await third).toBe('c');
  expect(log).toEqual(['a begins', 'a ends', 'c begins', 'c ends']);
});
