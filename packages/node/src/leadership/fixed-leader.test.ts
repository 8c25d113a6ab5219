import { expect, it } from 'vitest';
import { fixedLeader } from './fixed-leader.ts';
import { manualLeader } from './manual-leader.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

it('an epoch outside its range is refused', () => {
  for (const epoch of [-1n, 1n << 44n, 0.5, 2 ** 60]) {
    expect(() => fixedLeader('a', epoch)).toThrow(code('argument'));
    expect(() => manualLeader().choose('a', epoch)).toThrow(code('argument'));
  }
});

it('yields its one choice', async () => {
  const context = { name: 'a', canLead: true, signal: new AbortController().signal };
  const choices: unknown[] = [];
  for await (const choice of fixedLeader('a', 3).choices(context)) choices.push(choice);
  expect(choices).toEqual([{ leader: 'a', epoch: 3n }]);
});
