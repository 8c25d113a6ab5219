import { describe, expect, it } from 'vitest';
import { lan } from '../src/config.ts';
import { alive, bench, joined, messages, node, types } from './harness.test-helper.ts';

const { probeTimeout, probePeriod } = lan();

/** A machine with these members, of which it has an overdue probe. */
function overdue(names: readonly string[]) {
  const one = joined(names);
  const { to: target, packet } = one.until('ping');
  const { message } = packet.header;
  if (message.type !== 'ping') throw new Error('not a ping');
  const before = one.run(probeTimeout);
  return { one, target, number: message.probeNumber, before };
}

describe('a probe that is answered over a stream', () => {
  it('is reported as overdue, with its number, before helpers are asked', () => {
    const { before, target, number } = overdue(['a', 'b', 'c']);
    expect(before.events).toEqual([{ type: 'probeOverdue', target, probeNumber: number }]);
    expect(messages(before)).toEqual(['pingReq', 'pingReq']);
  });

  it('does not fail, and changes neither local health nor suspicions', () => {
    const { one, target, number } = overdue(['a']);
    expect(one.swim.probeAnswered(target, number, one.now)).toBe(true);
    expect(one.drain()).toEqual({ sent: [], events: [], rejected: [] });
    const { events } = one.run(probePeriod - probeTimeout);
    expect(events).toContainEqual({ type: 'probe', target, outcome: 'answered-by-stream' });
    expect(types(events)).not.toContain('memberSuspected');
    expect(one.swim.stats()).toMatchObject({ localHealth: 0, probesFailed: 0 });
  });

  it('is a success like any other if an ack comes as well', () => {
    const { one, target, number } = overdue(['a', 'b']);
    one.swim.probeAnswered(target, number, one.now);
    const { events } = one.receive(target, { type: 'ack', probeNumber: number });
    expect(events).toMatchObject([{ type: 'probe', outcome: 'direct', rtt: probeTimeout }]);
    expect(one.swim.probeAnswered(target, number, one.now)).toBe(false);
    expect(types(one.run(probePeriod - probeTimeout - 1).events)).toEqual([]);
  });

  it('fails if nothing answers', () => {
    const { one } = overdue(['a']);
    const { events } = one.run(probePeriod - probeTimeout);
    expect(types(events)).toEqual(['probe', 'memberSuspected']);
  });

  it('is not answered too late, by another number or another identity', () => {
    const { one, target, number } = overdue(['a']);
    expect(one.swim.probeAnswered(target, number + 1, one.now)).toBe(false);
    expect(one.swim.probeAnswered({ ...target, generation: 9 }, number, one.now)).toBe(false);
    expect(bench().swim.probeAnswered(target, number, 0)).toBe(false);
    const { events } = one.run(probePeriod - probeTimeout);
    expect(types(events)).toEqual(['probe', 'memberSuspected']);
    expect(one.swim.probeAnswered(target, number, one.now)).toBe(false);
  });

  it('has no outcome if its target was replaced meanwhile', () => {
    const { one, target, number } = overdue(['a', 'b']);
    one.swim.probeAnswered(target, number, one.now);
    one.gossip(node('b'), alive({ ...target, generation: 2 }));
    const { events } = one.run(probePeriod - probeTimeout);
    expect(types(events)).not.toContain('probe');
  });
});
