import type { Member, NodeIdentity } from '@shoal/wire';
import { expect, test } from 'vitest';
import { alive, down, node, suspect } from '../../test/harness.test-helper.ts';
import { nodeTraits } from './identity.ts';
import { mergeStates } from './merge-states.ts';

test('a member that failed there and is active here becomes a suspect', () => {
  const known = new Map([alive(node('up')), down(node('gone'))].map((m) => [m.id.address, m]));
  const applied: unknown[] = [];
  const swim = {
    identity: node('me'),
    memberAt: (address: string) => known.get(address),
    applyMany: (members: Iterable<Member<NodeIdentity>>, now: number, options?: object) =>
      void applied.push([[...members], now, options]),
  };
  const members = [
    alive(node('up')),
    down(node('up'), 4),
    down(node('up'), 4, true),
    down(node('gone')),
    down(node('new')),
    down(node('me')),
  ];
  mergeStates({ swim, traits: nodeTraits, members, now: 7 });
  const spread = [
    alive(node('up')),
    suspect(node('up'), 4),
    down(node('up'), 4, true),
    down(node('me')),
  ];
  const remember = [down(node('gone')), down(node('new'))];
  expect(applied).toEqual([
    [spread, 7, undefined],
    [remember, 7, { broadcast: false }],
  ]);
});
