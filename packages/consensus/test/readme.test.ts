import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Consensus, EMPTY_LOG } from '../src/index.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

it('the quick start of the README runs here', () => {
  const printed: unknown[] = [];
  const console = { log: (value: unknown) => printed.push(value) };
  // begin
  const consensus = new Consensus({
    name: 'a',
    storeId: '7f3a91', // random, made with the store and kept in it
    life: '52c0d8', // random, of this process
    votedTerm: 0n, // what the store holds
    log: EMPTY_LOG, // what the log holds
    founding: ['a'], // the voters of a new cluster
    random: Math.random,
    now: 0,
  });

  consensus.handleTimeout(consensus.deadline); // nobody leads: it campaigns
  for (let output = consensus.poll(); output; output = consensus.poll()) {
    console.log(output.type); // storeVote, report
  }
  consensus.voteStored(1n, 2001); // once the vote is on stable storage
  console.log(consensus.poll()?.type); // lead
  // end
  expect(printed).toEqual(['storeVote', 'report', 'lead']);
  const body = read('./readme.test.ts').split('// begin\n')[1]!.split('  // end')[0]!;
  expect(read('../README.md')).toContain(body.replace(/^ {2}/gm, ''));
});
