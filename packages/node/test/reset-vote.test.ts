import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbLog } from '@shoal/log-lmdb';
import { afterEach, expect, it } from 'vitest';
import { fixedLeader, resetVote } from '../src/index.ts';
import { termOf } from '../src/internal.ts';
import { decodeVote, encodeVote } from '../src/votes/vote-record.ts';
import { commits, start } from './nodes.test-helper.ts';

let directory: string;
afterEach(() => rm(directory, { recursive: true, force: true }));

it('a voter that was made to vote in the last epoch leads again after a reset', async () => {
  directory = await mkdtemp(join(tmpdir(), 'shoal-reset-'));
  const options = { voters: ['a'], log: { path: directory } };
  const first = await start('a', { ...options, leadership: fixedLeader('a', 1) });
  await first.until(() => first.role === 'leader');
  const { term } = await first.append(commits(1));
  await first.close();
  const raised = termOf(2n ** 44n - 1n, 2n ** 20n - 1n);
  {
    await using log = await openLmdbLog({ path: join(directory, 'log') });
    const vote = decodeVote((await log.notes.get('vote'))!);
    await log.notes.set('vote', encodeVote({ ...vote, term: raised }));
  }

  expect(await resetVote(options.log)).toEqual({ from: raised, to: term });

  const second = await start('a', { ...options, leadership: fixedLeader('a', 2) });
  await second.until(() => second.role === 'leader');
  expect(await second.append(commits(1))).toMatchObject({ term: termOf(2n, 0n) });
  await second.close();
});
