import { Emitter } from '@shoal/async';
import type { NodeIdentity } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeEvent } from '../events.ts';
import { type LifeEvent, Lives } from './lives.ts';
import type { NodeMember } from './node-member.ts';
import { encodeNodeMetadata } from './node-metadata.ts';
import { Peers } from './peers.ts';

const nothing = new Uint8Array(0);

/** A node's identity; without a name, that of a member that is not a node. */
function identity(name: string | undefined, address: string, started = 1): NodeIdentity {
  const metadata =
    name === undefined
      ? nothing
      : encodeNodeMetadata({ name, role: 'member', term: 0n, started, application: nothing });
  return { address, generation: started, metadata };
}

function setUp(): {
  peers: Peers;
  events: Emitter<NodeEvent>;
  step(type: LifeEvent['type'], id: NodeIdentity, previous?: NodeIdentity): unknown[];
} {
  const peers = new Peers();
  const events = new Emitter<NodeEvent>({ overflowError: () => new Error('overflow') });
  let seen: string[] = [];
  for (const type of ['memberUp', 'memberRestarted', 'memberUpdated', 'memberDown'] as const) {
    events.on(type, (event) => {
      const { member, previous, reason } = event as {
        member: NodeMember;
        previous?: NodeMember;
        reason?: string;
      };
      const was = previous === undefined ? '' : ` was ${previous.address}`;
      seen.push(`${type} ${member.name}@${member.address}${was}${reason ? ` ${reason}` : ''}`);
    });
  }
  const lives = new Lives({ peers, events });
  const step = (type: LifeEvent['type'], id: NodeIdentity, previous = id): unknown[] => {
    seen = [];
    const state = type === 'memberDown' ? 'down' : 'alive';
    lives.apply({ type, member: { id, incarnation: 0, state }, reason: 'failed', previous });
    return seen;
  };
  return { peers, events, step };
}

describe('Lives', () => {
  it('tells a restart from a change, whether the node was declared down in between or not', () => {
    const { step } = setUp();
    expect(step('memberUp', identity('a', 'x:1', 1))).toEqual(['memberUp a@x:1']);
    expect(step('memberUpdated', identity('a', 'x:1', 1))).toEqual(['memberUpdated a@x:1 was x:1']);
    expect(step('memberUpdated', identity('a', 'x:1', 2))).toEqual([
      'memberRestarted a@x:1 was x:1',
    ]);
    expect(step('memberDown', identity('a', 'x:1', 2))).toEqual(['memberDown a@x:1 failed']);
    expect(step('memberUp', identity('a', 'x:1', 2))).toEqual(['memberUp a@x:1 was x:1']);
    step('memberDown', identity('a', 'x:1', 2));
    expect(step('memberUp', identity('a', 'y:1', 3))).toEqual(['memberRestarted a@y:1 was x:1']);
  });

  it('reports a node down before another one is up at its address', () => {
    const { step } = setUp();
    step('memberUp', identity('a', 'x:1', 1));
    step('memberUp', identity('b', 'y:1', 1));
    // `a` starts again where `b` was, before anybody has missed either of them.
    expect(step('memberUpdated', identity('a', 'y:1', 2))).toEqual([
      'memberDown b@y:1 replaced',
      'memberRestarted a@y:1 was x:1',
    ]);
    expect(step('memberDown', identity('a', 'x:1', 1))).toEqual([]);
  });

  it('follows a node that moves to another address', () => {
    const { step } = setUp();
    const from = identity('a', 'x:1', 1);
    step('memberUp', from);
    const to = { ...identity('a', 'y:1', 1), generation: 2 };
    expect(step('memberUp', to)).toEqual(['memberUpdated a@y:1 was x:1']);
    expect(step('memberDown', from)).toEqual([]);
  });

  it('brings back an older node that a newer one of its name has hidden', () => {
    const { step } = setUp();
    step('memberUp', identity('a', 'x:1', 2));
    expect(step('memberUp', identity('a', 'y:1', 1))).toEqual([]);
    expect(step('memberDown', identity('a', 'x:1', 2))).toEqual([
      'memberDown a@x:1 failed',
      'memberRestarted a@y:1 was x:1',
    ]);
  });

  it('reports members that are not nodes under their address', () => {
    const { step } = setUp();
    expect(step('memberUp', identity(undefined, 'x:1'))).toEqual(['memberUp undefined@x:1']);
    expect(step('memberUpdated', identity('a', 'x:1'))).toEqual([
      'memberDown undefined@x:1 replaced',
      'memberUp a@x:1',
    ]);
    expect(step('memberUpdated', identity(undefined, 'x:1'))).toEqual([
      'memberDown a@x:1 replaced',
      'memberUp undefined@x:1',
    ]);
  });

  it('lets maps by name and by address follow the members, whatever happens', () => {
    const addresses = ['x:1', 'y:1', 'z:1'];
    const action = fc.record({
      address: fc.nat({ max: 2 }),
      name: fc.constantFrom('a', 'b', undefined),
      started: fc.integer({ min: 1, max: 4 }),
      down: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        const { peers, events, step } = setUp();
        const byAddress = new Map<string, NodeMember>();
        const byName = new Map<string, NodeMember>();
        const remove = ({ name, address }: NodeMember): void => {
          byAddress.delete(address);
          if (name !== undefined) byName.delete(name);
        };
        const add = (member: NodeMember): void => {
          byAddress.set(member.address, member);
          if (member.name !== undefined) byName.set(member.name, member);
        };
        events.on('memberUp', ({ member }) => add(member));
        events.on('memberDown', ({ member }) => remove(member));
        for (const type of ['memberUpdated', 'memberRestarted'] as const) {
          events.on(type, ({ member, previous }) => {
            if (previous.state !== 'down') remove(previous);
            add(member);
          });
        }
        for (const { address: index, name, started, down } of actions) {
          const address = addresses[index]!;
          const known = peers.at(address);
          if (down) {
            if (known === undefined) continue;
            step('memberDown', identity(known.metadata?.name, address, known.generation));
          } else {
            step(known ? 'memberUpdated' : 'memberUp', identity(name, address, started));
          }
          const members = peers.visible();
          expect(new Set(byAddress.values())).toEqual(new Set(members));
          expect(new Set(byName.values())).toEqual(
            new Set(members.filter((member) => member.name !== undefined)),
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
