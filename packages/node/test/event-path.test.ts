import { expect, it } from 'vitest';
import { start } from './nodes.test-helper.ts';

/** The frames of this repository between the socket and `listener`, the innermost first. */
function stackOf(listener: () => void): string[] {
  const holder: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 200;
  Error.captureStackTrace(holder, listener);
  Error.stackTraceLimit = stackTraceLimit;
  const frames = holder.stack!.split('\n').slice(1);
  return frames.filter((frame) => /\/packages\/[\w-]+\/(src|dist)\//.test(frame));
}

it('an event gets from the socket to its listener in 13 frames, by one dispatcher', async () => {
  await using a = await start('a');
  const b = await start('b', { seeds: [a.address] });
  for (const node of [a, b]) await node.until(() => node.members().length === 1);
  const stack = new Promise<string[]>((resolve) => {
    a.on('memberDown', function onDown() {
      resolve(stackOf(onDown));
    });
  });
  await b.leave();
  const frames = await stack;
  expect(frames.at(-1)).toMatch(/transport-node/);
  expect(frames.length, frames.join('\n')).toBeLessThanOrEqual(13);
  const dispatchers = frames.filter((frame) => /Emitter\.emit|dispatchEvent/.test(frame));
  expect(dispatchers.length, frames.join('\n')).toBe(1);
});
