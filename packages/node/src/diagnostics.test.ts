import { channel } from 'node:diagnostics_channel';
import { MemoryLog } from '@shoal/syncup';
import { expect, it } from 'vitest';
import { start } from '../test/nodes.test-helper.ts';
import { NODE_CHANNELS, type NodeDiagnostic, publishDiagnostics } from './diagnostics.ts';

it('events are published until publishing is stopped', async () => {
  const seen: string[] = [];
  const take = (message: unknown): void => {
    const { node, event } = message as NodeDiagnostic;
    seen.push(`${node.name} ${event.type}`);
  };
  for (const name of NODE_CHANNELS) channel(name).subscribe(take);
  const joined = new Promise((resolve) => channel('shoal:membership:memberUp').subscribe(resolve));
  await using a = await start('a', { log: new MemoryLog(), voters: ['a'] });
  const stop = publishDiagnostics(a);
  await a.until(() => a.role === 'leader');
  await using _b = await start('b', { seeds: [a.address] });
  await joined;
  expect(seen).toEqual(expect.arrayContaining(['a campaign', 'a role', 'a leader', 'a memberUp']));
  stop();
  const count = seen.length;
  await a.leave();
  expect(seen.length).toBe(count);
  for (const name of NODE_CHANNELS) channel(name).unsubscribe(take);
});
