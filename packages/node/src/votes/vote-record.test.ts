import { expect, it } from 'vitest';
import { VoteRecord } from './vote-record.ts';
import { memoryVoteStore } from './vote-store.ts';

it('a term is in effect at once, and confirmed once it is written; writes only grow', async () => {
  const writes: [bigint, () => void][] = [];
  const store = {
    ...memoryVoteStore(),
    write: (term: bigint) => new Promise<void>((resolve) => writes.push([term, resolve])),
  };
  const record = new VoteRecord(store, 3n);
  const done: bigint[] = [];
  for (const term of [5n, 9n, 4n]) void record.raise(term).then(() => done.push(term));
  expect(record.votedTerm).toBe(9n);
  await Promise.resolve();
  expect(writes.map(([term]) => term)).toEqual([5n]);
  writes[0]![1]();
  await new Promise((resolve) => setTimeout(resolve));
  expect(done).toEqual([5n, 4n]);
  expect(writes.map(([term]) => term)).toEqual([5n, 9n]);
  writes[1]![1]();
  await record.raise(9n);
  expect(writes.length).toBe(2);
});
