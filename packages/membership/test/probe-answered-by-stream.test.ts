import { readFileSync } from 'node:fs';
import { shoalCodec } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { lan } from '../src/config.ts';
import { alive, bench, joined, messages, node, types } from './harness.test-helper.ts';

const { probeTimeout, probePeriod } = lan();

/** A machine with these members whose probe of one of them is overdue. */
function overdue(names: readonly string[]) {
  const one = joined(names);
  const { to: target, packet } = one.until('ping');
  const { message } = packet.header;
  if (message.type !== 'ping') throw new Error('not a ping');
  const before = one.run(probeTimeout);
  return { one, target, number: message.probeNumber, before };
}

describe('a probe that something else than a datagram answers', () => {
  it('is called overdue, with its number, before helpers are asked', () => {
    const { before, target, number } = overdue(['a', 'b', 'c']);
    expect(before.events).toEqual([{ type: 'probeOverdue', target, probeNumber: number }]);
    expect(messages(before)).toEqual(['pingReq', 'pingReq']);
  });

  it('has not failed, and changes neither health nor suspicion', () => {
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

  it('fails without it', () => {
    const { one } = overdue(['a']);
    const { events } = one.run(probePeriod - probeTimeout);
    expect(types(events)).toEqual(['probe', 'memberSuspected']);
  });

  it('does not count when it is too late, of another probe or another identity', () => {
    const { one, target, number } = overdue(['a']);
    expect(one.swim.probeAnswered(target, number + 1, one.now)).toBe(false);
    expect(one.swim.probeAnswered({ ...target, generation: 9 }, number, one.now)).toBe(false);
    expect(bench().swim.probeAnswered(target, number, 0)).toBe(false);
    const { events } = one.run(probePeriod - probeTimeout);
    expect(types(events)).toEqual(['probe', 'memberSuspected']);
    expect(one.swim.probeAnswered(target, number, one.now)).toBe(false);
  });

  it('leaves a target alone that was replaced meanwhile', () => {
    const { one, target, number } = overdue(['a', 'b']);
    one.swim.probeAnswered(target, number, one.now);
    one.gossip(node('b'), alive({ ...target, generation: 2 }));
    const { events } = one.run(probePeriod - probeTimeout);
    expect(types(events)).not.toContain('probe');
  });
});

describe('a pause', () => {
  it('is told, with how long it was', () => {
    const one = joined(['a']);
    const due = one.swim.nextDeadline;
    one.now = due + 60_000;
    one.swim.tick(one.now);
    expect(one.drain().events).toContainEqual({ type: 'paused', ms: 60_000 });
  });
});

describe('the digest', () => {
  it('is what docs/wire-protocol.md says', () => {
    const doc = readFileSync(new URL('../../../docs/wire-protocol.md', import.meta.url), 'utf8');
    const hex = /```hex state-digest\n([0-9a-f ]+)\n```/.exec(doc)![1]!.replaceAll(' ', '');
    const id = (address: string, generation: number, metadata: string) => ({
      address,
      generation,
      metadata: new TextEncoder().encode(metadata),
    });
    const one = bench({
      identity: id('[::1]:7946', 8, ''),
      codec: shoalCodec({ label: 'prod' }),
    });
    one.swim.applyMany([alive(id('10.0.0.1:7946', 7, 'web'), 300)], 0);
    const digest = one.swim.digest();
    expect(digest.match(/../g)!.reverse().join('')).toBe(hex);
  });
});
