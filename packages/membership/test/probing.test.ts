import type { NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { lan, simple } from '../src/config.ts';
import {
  alive,
  type Bench,
  down,
  joined,
  messages,
  node,
  suspect,
  types,
} from './harness.test-helper.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** The target and the number of the next direct probe. */
function nextPing(one: Bench<NodeIdentity>): { target: NodeIdentity; number: number } {
  const { to, packet } = one.until('ping');
  const { message } = packet.header;
  if (message.type !== 'ping') throw new Error('not a ping');
  return { target: to, number: message.probeNumber };
}

function answer(one: Bench<NodeIdentity>, from: NodeIdentity, probeNumber: number): string[] {
  return types(one.receive(from, { type: 'ack', probeNumber }).events);
}

describe('probes', () => {
  it('every active member is probed once a lap, in a new order each lap', () => {
    const one = joined(names);
    const laps: string[][] = [];
    for (let lap = 0; lap < 6; lap++) {
      const probed: string[] = [];
      for (let i = 0; i < names.length; i++) {
        const { target, number } = nextPing(one);
        expect(answer(one, target, number)).toEqual(['probe']);
        probed.push(target.address);
      }
      laps.push(probed);
      expect([...probed].sort()).toEqual(names.map((name) => `${name}:1`));
    }
    expect(new Set(laps.map(String)).size).toBeGreaterThan(1);
  });

  it('a new member gets a random place in the rest of the lap', () => {
    const places = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const one = joined(['a', 'b', 'c', 'd'], { seed });
      one.gossip(node('a'), alive(node('new')));
      for (let i = 0; i < 5; i++) {
        const { target, number } = nextPing(one);
        answer(one, target, number);
        if (target.address === 'new:1') places.add(i);
      }
    }
    expect([...places].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('members that are down are never probed', () => {
    const one = joined(names);
    one.gossip(node('a'), ...['b', 'c', 'd', 'e'].map((name) => down(node(name))));
    const probed = new Set<string>();
    for (let i = 0; i < 9; i++) {
      const { target, number } = nextPing(one);
      answer(one, target, number);
      probed.add(target.address);
    }
    expect([...probed].sort()).toEqual(['a:1', 'f:1', 'g:1']);
  });

  it('the indirect stage asks random active members other than the target', () => {
    const asked = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const one = joined(names, { seed });
      const { target, number } = nextPing(one);
      const requests = one
        .run(lan().probeTimeout)
        .sent.filter(({ packet }) => packet.header.message.type === 'pingReq');
      expect(requests.length).toBe(3);
      expect(new Set(requests.map(({ to }) => to.address)).size).toBe(3);
      for (const { to, packet } of requests) {
        asked.add(to.address);
        expect(to.address).not.toBe(target.address);
        expect(packet.header.message).toMatchObject({ probeNumber: number });
      }
    }
    expect(asked.size).toBe(names.length);
  });

  it('an ack counts only with the right probe number and sender', () => {
    const one = joined(names);
    const { target, number } = nextPing(one);
    const other = names.map((name) => node(name)).find((id) => id.address !== target.address)!;
    expect(answer(one, other, number)).toEqual([]);
    expect(answer(one, target, number + 1)).toEqual([]);
    expect(answer(one, target, number - 1)).toEqual([]);
    expect(answer(one, target, number)).toEqual(['probe']);
    expect(answer(one, target, number)).toEqual([]);
  });

  it('a probe that is answered reports the round-trip time', () => {
    const one = joined(['a']);
    const { target, number } = nextPing(one);
    one.now += 37;
    const { events } = one.receive(target, { type: 'ack', probeNumber: number });
    expect(events).toEqual([
      {
        type: 'probe',
        target: expect.objectContaining({ address: 'a:1' }),
        outcome: 'direct',
        rtt: 37,
      },
    ]);
  });

  it('a forwarded ack counts only from a helper that was asked, once each', () => {
    const one = joined(names);
    const { target, number } = nextPing(one);
    const helpers = one
      .run(lan().probeTimeout)
      .sent.filter(({ packet }) => packet.header.message.type === 'pingReq')
      .map(({ to }) => to);
    const bystander = names
      .map((name) => node(name))
      .find((id) => ![target, ...helpers].some((one) => one.address === id.address))!;
    const forward = (from: NodeIdentity, origin: NodeIdentity, probeNumber: number): string[] =>
      types(one.receive(from, { type: 'forwardedAck', origin, probeNumber }).events);
    expect(forward(bystander, target, number)).toEqual([]);
    expect(forward(helpers[0]!, bystander, number)).toEqual([]);
    expect(forward(helpers[0]!, target, number + 1)).toEqual([]);
    expect(forward(helpers[0]!, target, number)).toEqual(['probe']);
    expect(forward(helpers[0]!, target, number)).toEqual([]);
    expect(forward(helpers[1]!, target, number)).toEqual([]);
    expect(one.swim.memberAt(target.address)?.state).toBe('alive');
  });

  it('a member that answers neither directly nor through helpers is suspected at the end of the period', () => {
    const one = joined(names);
    const { target } = nextPing(one);
    const { events } = one.run(lan().probePeriod + 1);
    expect(types(events).slice(0, 3)).toEqual(['probeOverdue', 'probe', 'memberSuspected']);
    expect(one.swim.memberAt(target.address)).toMatchObject({
      state: 'suspect',
      suspector: 'me:1',
    });
  });

  it('a helper probes for the asker and passes the answer on', () => {
    const one = joined(['a', 'b']);
    const [a, b] = [node('a'), node('b')];
    const asked = one.receive(a, { type: 'pingReq', target: b, probeNumber: 9 }).sent[0]!;
    expect(asked.to).toEqual(b);
    expect(asked.packet.header.message).toEqual({
      type: 'indirectPing',
      origin: a,
      probeNumber: 9,
    });
    const passed = one.receive(b, { type: 'indirectAck', target: a, probeNumber: 9 }).sent[0]!;
    expect(passed.to).toEqual(a);
    expect(passed.packet.header.message).toEqual({
      type: 'forwardedAck',
      origin: b,
      probeNumber: 9,
    });
    const reply = one.receive(b, { type: 'indirectPing', origin: a, probeNumber: 4 }).sent[0]!;
    expect(reply.to).toEqual(b);
    expect(reply.packet.header.message).toEqual({ type: 'indirectAck', target: a, probeNumber: 4 });
  });

  it('a helper that knows that the target is gone says so instead', () => {
    const one = joined(['a', 'b', 'c']);
    one.gossip(node('c'), down(node('b'), 0, true));
    one.run(900);
    const { sent } = one.receive(node('a'), { type: 'pingReq', target: node('b'), probeNumber: 3 });
    expect(messages({ sent, events: [], rejected: [] })).toEqual(['gossip']);
    expect(sent[0]!.packet.members[0]).toEqual(down(node('b'), 0, true));
    // It knows nothing about an identity that is newer than the known one, so it probes.
    const newer = one.receive(node('a'), { type: 'pingReq', target: node('b', 2), probeNumber: 4 });
    expect(messages(newer)).toEqual(['indirectPing']);
  });

  it('no helper is asked if the target has left meanwhile', () => {
    const one = joined(names, { config: simple() });
    const { target } = nextPing(one);
    const other = names.map((name) => node(name)).find((id) => id.address !== target.address)!;
    one.gossip(other, down(target));
    expect(messages(one.run(simple().probeTimeout))).toEqual([]);
  });

  it('no helper is asked if the target was replaced meanwhile', () => {
    const one = joined(names, { config: simple() });
    const { target } = nextPing(one);
    one.receive({ ...target, generation: 2 }, { type: 'gossip' });
    expect(messages(one.run(simple().probeTimeout))).toEqual([]);
    const { events } = one.run(simple().probePeriod - simple().probeTimeout + 1);
    expect(types(events)).not.toContain('memberSuspected');
  });

  it('a change of identity cancels the probe under way and its timers', () => {
    const one = joined(['a', 'b'], {
      config: { ...simple(), suspicion: { type: 'fixed', value: 900 } },
    });
    one.gossip(node('a'), suspect(node('b')));
    const { target, number } = nextPing(one);
    // An update that it is Down makes it renew its identity.
    one.receive(node('a'), { type: 'turnUndead' });
    expect(one.swim.identity.generation).toBe(2);
    expect(answer(one, target, number)).toEqual([]);
    const { sent, events } = one.run(simple().probeTimeout);
    expect(messages({ sent, events, rejected: [] })).toEqual([]);
    expect(types(one.run(simple().probePeriod).events)).not.toContain('memberSuspected');
  });

  it('suspicions start anew after a member came back from Down', () => {
    const one = joined(['a', 'b']);
    one.gossip(node('a'), suspect(node('b')));
    one.now += 100;
    const before = one.swim.nextDeadline;
    one.run(3000);
    one.receive(node('a'), { type: 'turnUndead' });
    const { events } = one.run(1100);
    expect(before).toBeLessThan(one.now);
    expect(types(events)).not.toContain('memberDown');
  });

  it('a cluster of two detects a failure', () => {
    const one = joined(['a']);
    const { events } = one.run(20_000);
    expect(types(events).slice(0, 3)).toEqual(['probeOverdue', 'probe', 'memberSuspected']);
    expect(types(events).slice(-2)).toEqual(['memberDown', 'idle']);
  });
});
