import { type MembershipEvent, type NodeIdentity, SwimError } from '@shoal/membership';
import { describe, expect, it } from 'vitest';
import { type Invariant, Invariants, InvariantViolation } from './invariants.ts';
import { Simulator } from './simulator.ts';

type Event = MembershipEvent<NodeIdentity>;

function watched() {
  const sim = new Simulator({ seed: 1, nodes: 3 });
  const invariants = new Invariants(sim);
  sim.startAll({ acquainted: true });
  const node = sim.nodes[0]!;
  return { sim, invariants, node };
}

function about(
  type: 'memberUp' | 'memberSuspected' | 'memberDown',
  generation: number,
  incarnation = 0,
): Event {
  const id = { address: 'n9:7946', generation, metadata: new Uint8Array(0) };
  if (type === 'memberDown') {
    return { type, member: { id, incarnation, state: 'down' }, reason: 'failed' };
  }
  const state = type === 'memberUp' ? 'alive' : 'suspect';
  return { type, member: { id, incarnation, state } };
}

function broken(act: () => void): Invariant | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof InvariantViolation) return error.code;
    throw error;
  }
  return undefined;
}

describe('Invariants', () => {
  it('hold for a healthy cluster', () => {
    const { sim, invariants } = watched();
    sim.run(60_000);
    invariants.scan();
  });

  it.each<[string, Invariant | undefined, Event[]]>([
    ['an identity that was Down', 'down-is-final', [about('memberDown', 5), about('memberUp', 5)]],
    ['an older identity', 'down-is-final', [about('memberUp', 5), about('memberUp', 4)]],
    ['an older Down identity', 'down-is-final', [about('memberUp', 5), about('memberDown', 4)]],
    [
      'an incarnation that goes back',
      'incarnation-grows',
      [about('memberSuspected', 5, 3), about('memberUp', 5, 2)],
    ],
    ['an incarnation that grows', undefined, [about('memberUp', 5, 2), about('memberUp', 5, 3)]],
    ['a new identity', undefined, [about('memberDown', 5, 9), about('memberUp', 6, 0)]],
    ['a node that is declared down', 'stays-in', [{ type: 'defunct', reason: 'declaredDown' }]],
    ['a goodbye', undefined, [{ type: 'defunct', reason: 'left' }]],
  ])('judge %s', (_, expected, events) => {
    const { node, invariants } = watched();
    const judge = (): void => {
      for (const event of events) invariants.event(node, event);
    };
    expect(broken(judge)).toBe(expected);
  });

  it('find a member that no event has told of, and one that is gone without an event', () => {
    const { sim, invariants } = watched();
    const { swim } = sim.nodes[0]!;
    const [member] = swim!.members();
    const scanAfter = (event: Event): Invariant | undefined => {
      invariants.event(sim.nodes[0]!, event);
      return broken(() => invariants.scan());
    };
    expect(scanAfter({ type: 'idle' })).toBeUndefined();
    // A ghost: the node does not hold this member.
    expect(scanAfter(about('memberUp', 5))).toBe('events-tell-all');
    expect(scanAfter(about('memberDown', 5))).toBeUndefined();
    const down = { ...member!, state: 'down' } as const;
    expect(scanAfter({ type: 'memberDown', member: down, reason: 'failed' })).toBe(
      'events-tell-all',
    );
  });

  it('allow an identity to come back once it may be forgotten', () => {
    const { sim, node, invariants } = watched();
    invariants.event(node, about('memberDown', 5));
    sim.run(1000);
    expect(broken(() => invariants.event(node, about('memberUp', 5)))).toBe('down-is-final');
    sim.now += sim.config.removeDownAfter / 2;
    expect(broken(() => invariants.event(node, about('memberUp', 5)))).toBeUndefined();
  });

  it('start over with each process', () => {
    const { sim, node, invariants } = watched();
    invariants.event(node, about('memberDown', 5));
    sim.inject({ type: 'restart', node: 0 });
    expect(broken(() => invariants.event(node, about('memberUp', 5)))).toBeUndefined();
  });

  it('find a packet that exceeds the limit', () => {
    const { sim, node, invariants } = watched();
    const bytes = new Uint8Array(sim.config.maxPacketSize);
    expect(broken(() => invariants.transmit(node, 1, bytes))).toBeUndefined();
    const more = new Uint8Array(sim.config.maxPacketSize + 1);
    expect(broken(() => invariants.transmit(node, 1, more))).toBe('packet-size');
  });

  it('find a packet that was refused', () => {
    const { node, invariants } = watched();
    const error = new SwimError('malformed', 'no');
    const event = { type: 'rejected', error, bytes: new Uint8Array(1) } as const;
    expect(broken(() => invariants.event(node, event))).toBe('understood');
  });

  it('find members that nobody started', () => {
    const { sim, node, invariants } = watched();
    const strangers = Array.from({ length: 5 }, (_, i) => {
      const id = { address: `x${i}:1`, generation: 1, metadata: new Uint8Array(0) };
      return { id, incarnation: 0, state: 'alive' } as const;
    });
    node.swim!.applyMany(strangers, node.clock.read(sim.now));
    expect(broken(() => invariants.scan())).toBe('bounded');
  });

  it('find a node whose own incarnation decreases', () => {
    const { node, invariants } = watched();
    const bytes = new Uint8Array(10);
    invariants.transmit(node, 1, bytes);
    const machine = node.swim!;
    const faked = { identity: { ...machine.identity, generation: -1 }, incarnation: 0 };
    node.swim = Object.create(machine, {
      identity: { value: faked.identity },
      incarnation: { value: faked.incarnation },
    });
    expect(broken(() => invariants.transmit(node, 1, bytes))).toBe('incarnation-grows');
  });
});
