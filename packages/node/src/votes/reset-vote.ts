import { join } from 'node:path';
import type { LmdbLogOptions } from '@shoal/log-lmdb';
import { SHOAL_ENTRY_KINDS } from '@shoal/syncup';
import { LogMarks } from '../log/log-marks.ts';
import { idMaker } from '../random-id.ts';
import { VoteRecord } from './vote-record.ts';

/** What {@link resetVote} changed. Terms are written as `formatTerm` writes them. */
export interface VoteReset {
  /** The term in which the node had voted. */
  readonly from: bigint;
  /** The term that it starts from now: that of the last entry in its log. */
  readonly to: bigint;
}

/**
 * Sets the vote of a stopped node back to the term of its log, in case somebody has raised it so far
 * that no leader can be elected. `log` is the option of `createNode`.
 *
 * **Stop all voters first, and reset all of them before any starts again.** A voter that is reset
 * while a leader of a later term lives can lose acknowledged entries.
 *
 * Rejects with the log's error, or with `corrupt` or `version` if the vote cannot be read.
 */
export async function resetVote(log: Pick<LmdbLogOptions, 'path' | 'kinds'>): Promise<VoteReset> {
  const { path, kinds } = log;
  const { openLmdbLog } = await import('@shoal/log-lmdb');
  await using opened = await openLmdbLog({ path: join(path, 'log'), kinds });
  const marks = await LogMarks.open(opened, kinds ?? SHOAL_ENTRY_KINDS);
  try {
    const { term: to } = marks.position;
    const { notes } = opened;
    const votes = await VoteRecord.open({ notes, logTerm: to, newId: idMaker(undefined) });
    const { term: from } = votes;
    await votes.reset(to);
    return { from, to };
  } finally {
    marks.close();
  }
}
