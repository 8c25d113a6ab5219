import { expect, it } from 'vitest';
import { callApplication } from './call-application.ts';

it('passes the arguments on', () => {
  const calls: unknown[] = [];
  callApplication((a: number, b: string) => calls.push([a, b]), 1, 'x');
  expect(calls).toEqual([[1, 'x']]);
});

it('reports an error as uncaught', async () => {
  const uncaught = new Promise<unknown>((resolve) => {
    const previous = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const listener of previous) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
  const failure = new Error('of the application');
  callApplication(() => {
    throw failure;
  });
  expect(await uncaught).toBe(failure);
});
