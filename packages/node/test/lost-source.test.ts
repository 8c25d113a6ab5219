import { MemoryLog } from '@shoal/syncup';
import { expect, it } from 'vitest';
import { manualLeader, type ShoalNode } from '../src/index.ts';
import { commits, start, texts } from './nodes.test-helper.ts';

it('a campaign goes on if the voter that it catches up from restarts after its vote', async () => {
  const leadership = manualLeader();
  const voters = ['a', 'b', 'c'];
  const logs = new Map(voters.map((name) => [name, new MemoryLog()]));
  const launch = (name: string, seeds: string[]): Promise<ShoalNode> =>
    start(name, { voters, seeds, leadership, log: logs.get(name) });

  leadership.choose('a', 1);
  const a = await launch('a', []);
  let b = await launch('b', [a.address]);
  await using c = await launch('c', [b.address]);
  await a.until(() => a.role === 'leader');
  for (let i = 0; i < 30; i++) await a.append(commits(1, String(i)));
  await c.until(() => c.role === 'follower');
  await c.close();
  // c has missed an entry, which b holds.
  await a.append(commits(1, 'missed'));
  await a.close();

  await using again = await launch('c', [b.address]);
  const terms: bigint[] = [];
  again.on('campaign', ({ term }) => terms.push(term));
  const restarted = new Promise<void>((resolve, reject) => {
    const stop = again.on('voteReceived', () => {
      stop();
      b.close()
        .then(async () => {
          b = await launch('b', [again.address]);
        })
        .then(resolve, reject);
    });
  });
  leadership.choose('c', 2);
  await restarted;
  await using _b = b;
  await again.until(() => again.role === 'leader');
  // In a later term: the vote of b counts only with its log.
  expect(terms.length).toBeGreaterThan(1);
  expect(await texts(logs.get('c')!)).toContain('missed 0');
});
