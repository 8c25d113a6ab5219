import { expect, it } from 'vitest';
import { manualLeader } from './manual-leader.ts';

it('each choice reaches all iterators, which end with the signal', async () => {
  const leader = manualLeader();
  const stop = new AbortController();
  const context = { name: 'a', canLead: true, signal: stop.signal };
  const seen: unknown[][] = [[], []];
  const watching = seen.map(async (into) => {
    for await (const choice of leader.choices(context)) into.push(choice);
  });
  leader.choose('a', 1);
  await Promise.resolve();
  leader.choose(undefined);
  await new Promise((resolve) => setTimeout(resolve));
  leader.choose('b', 2n);
  await new Promise((resolve) => setTimeout(resolve));
  stop.abort();
  await Promise.all(watching);
  for (const choices of seen) expect(choices.at(-1)).toEqual({ leader: 'b', epoch: 2n });
});
