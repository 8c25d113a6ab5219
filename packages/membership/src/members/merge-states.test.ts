import type { Member, NodeIdentity } from '@shoal/wire';
import { expect, test } from 'vitest';
import { alive, bench, down, node, suspect } from '../../test/harness.test-helper.ts';
import { lan } from '../config.ts';
import { nodeTraits } from './identity.ts';
import { mergeStates } from './merge-states.ts';

test('a member that failed there and is active here becomes a suspect', () => {
  const known = new Map([alive(node('up')), down(node('gone'))].map((m) => [m.id.address, m]));
  const applied: unknown[] = [];
  const swim = {
    identity: node('me'),
    memberAt: (address: string) => known.get(address),
    applyMany: (members: Iterable<Member<NodeIdentity>>, now: number) =>
      void applied.push([[...members], now]),
  };
  const members = [
    alive(node('up')),
    down(node('up'), 4),
    down(node('up'), 4, true),
    down(node('gone')),
    down(node('gone'), 0, true),
    down(node('new')),
    down(node('new'), 0, true),
    down(node('me')),
  ];
  mergeStates({ swim, traits: nodeTraits, members, now: 7 });
  const news = [
    alive(node('up')),
    suspect(node('up'), 4),
    down(node('up'), 4, true),
    down(node('gone'), 0, true),
    down(node('me')),
  ];
  expect(applied).toEqual([[news, 7]]);
});

test.each(['failed', 'left'])('members that exchange states forget one that %s', (reason) => {
  const config = { ...lan(), removeDownAfter: 10_000 };
  const a = bench({ identity: node('a'), config });
  const b = bench({ identity: node('b'), config });
  const { now } = a;
  a.swim.applyMany([down(node('x'), 0, reason === 'left')], now);
  const merge = (to: typeof a, from: typeof a): void => {
    const members = [...from.swim.membershipState()];
    mergeStates({ swim: to.swim, traits: nodeTraits, members, now: to.now });
  };
  while (a.now < now + 21_000) {
    for (const one of [a, b]) one.run(3000);
    merge(b, a);
    merge(a, b);
  }
  expect([a.swim.stats().down, b.swim.stats().down]).toEqual([0, 0]);
});
