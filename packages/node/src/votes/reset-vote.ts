import { join } from 'node:path';
import type { LmdbLogOptions } from '@shoal/log-lmdb';
import { NodeError } from '../errors.ts';
import { TermMarks } from '../replication/term-marks.ts';
import { fileVoteStore } from './file-vote-store.ts';

/** What {@link resetVote} changed. Terms are written as `formatTerm` writes them. */
export interface VoteReset {
  /** The term in which the node had voted. */
  readonly from: bigint;
  /** The term that it starts from now: that of the last entry in its log. */
  readonly to: bigint;
}

/**
 * Sets the vote of a stopped node back to the term of its log, in case somebody has raised it so far
 * that no leader can be chosen any more. `log` is the option of `createNode`.
 *
 * **Stop all voters first, and reset all of them before any starts again.** A voter that is reset
 * while a leader of a later term lives can lose acknowledged entries.
 *
 * Rejects with the log's error, or with `corrupt`, `version` or `log` if the vote cannot be read or
 * written.
 */
export async function resetVote(log: Pick<LmdbLogOptions, 'path' | 'kinds'>): Promise<VoteReset> {
  const { path, kinds } = log;
  const votes = fileVoteStore(join(path, 'term'));
  const from = await votes.read();
  const { openLmdbLog } = await import('@shoal/log-lmdb');
  await using opened = await openLmdbLog({ path: join(path, 'log'), kinds });
  const marks = await TermMarks.open(opened);
  try {
    const to = marks.position.term;
    if (to > from) throw new NodeError('corrupt', `the log in ${path} has entries of a later term`);
    await votes.write(to);
    return { from, to };
  } finally {
    marks.close();
  }
}
