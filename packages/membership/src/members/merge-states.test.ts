import { expect, test } from 'vitest';
import { alive, down, node, suspect } from '../../test/harness.test-helper.ts';
import { nodeTraits } from './identity.ts';
import { mergeStates } from './merge-states.ts';

test('a member that failed there and is active here becomes a suspect', () => {
  const known = new Map([alive(node('up')), down(node('gone'))].map((m) => [m.id.address, m]));
  const members = [
    alive(node('up')),
    down(node('up'), 4),
    down(node('up'), 4, true),
    down(node('gone')),
    down(node('new')),
    down(node('me')),
  ];
  const view = {
    traits: nodeTraits,
    ownAddress: 'me:1',
    memberAt: (address: string) => known.get(address),
  };
  expect(mergeStates(members, view)).toEqual({
    spread: [
      alive(node('up')),
      suspect(node('up'), 4),
      down(node('up'), 4, true),
      down(node('me')),
    ],
    remember: [down(node('gone')), down(node('new'))],
  });
});
