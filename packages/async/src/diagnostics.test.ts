import { channel } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { publishDiagnostics } from './diagnostics.ts';
import { Emitter } from './emitter.ts';

test('events are published on the channel of their type until it is stopped', () => {
  const emitter = new Emitter<{ type: 'up' | 'down'; name: string }>({
    overflowError: () => new Error('overflow'),
  });
  const published: unknown[] = [];
  channel('sample:up').subscribe((message) => published.push(message));
  let made = 0;
  const stop = publishDiagnostics({
    prefix: 'sample',
    emitter,
    message: (event) => {
      made++;
      return { event };
    },
  });
  emitter.emit({ type: 'up', name: 'a' });
  emitter.emit({ type: 'down', name: 'a' });
  stop();
  emitter.emit({ type: 'up', name: 'b' });
  expect(published).toEqual([{ event: { type: 'up', name: 'a' } }]);
  expect(made).toBe(1);
});
