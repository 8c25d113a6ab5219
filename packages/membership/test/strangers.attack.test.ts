import type { Message, NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { lan } from '../src/config.ts';
import { boundedTraits } from '../src/members/identity.ts';
import { alive, type Bench, bench, down, joined, node } from './harness.test-helper.ts';
import { shoalNetwork } from './network.test-helper.ts';

const victim = node('victim');

/** How many times the bytes of what came in are sent to the victim because of it. */
function amplification(one: Bench<NodeIdentity>, packets: readonly Uint8Array[]): number {
  let received = 0;
  let sent = 0;
  for (const packet of packets) {
    received += packet.length;
    one.swim.receive(packet, one.now);
    for (const { to, bytes } of one.drain().sent) {
      if (to.address === victim.address) sent += bytes.length;
    }
  }
  return sent / received;
}

const messages: Message<NodeIdentity>[] = [
  { type: 'announce' },
  { type: 'ping', probeNumber: 7 },
  { type: 'indirectPing', origin: node('a'), probeNumber: 7 },
  { type: 'pingReq', target: node('a'), probeNumber: 7 },
  { type: 'gossip' },
  { type: 'turnUndead' },
];

describe('a packet that names a third party as its sender', () => {
  const names = Array.from({ length: 200 }, (_, i) => `member-${i}`);

  it.each(messages)('makes at most three times its bytes go there: $type', (message) => {
    for (const incarnation of [0, 5]) {
      const one = joined(['a', ...names]);
      for (const name of names) one.gossip(node('a'), alive(node(name, 2)));
      const packets = Array.from({ length: 50 }, () => one.bytes(victim, message, { incarnation }));
      expect(amplification(one, packets)).toBeLessThanOrEqual(3);
    }
  });

  it.each(messages)('does so with a new generation each time: $type', (message) => {
    const one = joined(['a', ...names]);
    const packets = Array.from({ length: 50 }, (_, i) =>
      one.bytes({ ...victim, generation: i + 1 }, message),
    );
    expect(amplification(one, packets)).toBeLessThanOrEqual(3);
  });

  it('does so if that one is held down here, or was replaced', () => {
    for (const known of [down(victim), alive({ ...victim, generation: 9 })]) {
      const one = joined(['a', ...names]);
      one.gossip(node('a'), known);
      const packets = messages.map((message) => one.bytes(victim, message));
      expect(amplification(one, packets)).toBeLessThanOrEqual(3);
    }
  });

  it('does not make it a member by an announce, nor send it anything later', () => {
    const one = joined(['a']);
    one.receive(victim, { type: 'announce' });
    expect(one.swim.memberAt(victim.address)).toBeUndefined();
    const later = one.run(60_000).sent.filter(({ to }) => to.address === victim.address);
    expect(later).toEqual([]);
  });
});

it('a probe is made for others only at the addresses of members', () => {
  const one = joined(['a', 'b']);
  const drained = one.receive(node('a'), { type: 'pingReq', target: victim, probeNumber: 3 });
  expect(drained.sent.map(({ to, packet }) => [to.address, packet.header.message.type])).toEqual([
    ['a:1', 'nack'],
  ]);
});

it('strangers that never answer take bounded memory, and do not keep others out', () => {
  const one = joined(['a']);
  for (let i = 0; i < 5000; i++) one.receive(node(`fake-${i}`), { type: 'announce' });
  const { sent } = one.receive(node('real'), { type: 'announce' });
  const { probeNumber } = sent[0]!.packet.header.message as { probeNumber: number };
  one.receive(node('real'), { type: 'ack', probeNumber });
  expect(one.swim.memberAt('real:1')?.state).toBe('alive');
  expect(one.swim.stats().active).toBe(2);
});

describe('a generation from too far in the future', () => {
  const day = 24 * 60 * 60 * 1000;
  const now = 1_800_000_000_000;
  const traits = boundedTraits({ now: () => now });

  it('is refused in a sender, and ignored in an update', () => {
    const one = joined(['a'], { traits });
    const far = node('b', now + day + 1);
    expect(one.receive(far, { type: 'gossip' }).rejected[0]!.error.code).toBe('generation');
    one.gossip(node('a'), alive(far), alive(node('c', now + day)));
    one.swim.applyMany([alive(far)], one.now);
    expect([...one.swim.members()].map(({ id }) => id.address)).toEqual(['a:1', 'c:1']);
    expect(one.swim.stats().impossibleUpdates).toBe(2);
  });

  it('does not shut this member out, or a member that restarts', () => {
    const one = joined(['a', 'b'], { traits });
    const { identity } = one.swim;
    one.gossip(node('a'), alive({ ...identity, generation: 2 ** 48 - 1 }));
    one.gossip(node('a'), alive(node('b', 2 ** 48 - 1)));
    expect(one.swim.identity).toEqual(identity);
    expect(one.swim.memberAt('b:1')?.id.generation).toBe(1);
    one.gossip(node('a'), alive(node('b', now)));
    expect(one.swim.memberAt('b:1')?.id.generation).toBe(now);
  });
});

describe('a flood of made-up members', () => {
  it('is taken in at a bounded rate', () => {
    const one = joined(['a'], { config: { ...lan(), newcomersPerSecond: 10 } });
    const flood = (from: number): void => {
      for (let i = from; i < from + 1000; i++) one.gossip(node('a'), alive(node(`fake-${i}`)));
    };
    flood(0);
    expect(one.swim.stats().active).toBe(160);
    one.run(1000);
    flood(1000);
    expect(one.swim.stats().active).toBe(170);
    expect(one.swim.stats().membersRefused).toBe(1831);
  });

  it('can be kept out by the application', () => {
    const asked: string[] = [];
    const one = joined(['a'], {
      admit: ({ id }) => {
        asked.push(id.address);
        return !id.address.startsWith('fake');
      },
    });
    one.gossip(node('a'), alive(node('fake-1')), alive(node('b')), down(node('fake-2')));
    expect([...one.swim.members()].map(({ id }) => id.address)).toEqual(['a:1', 'b:1']);
    expect(asked).toEqual(['a:1', 'fake-1:1', 'b:1']);
  });

  it('does not keep members that have answered from being probed', () => {
    const one = bench();
    const real = ['a', 'b', 'c', 'd'].map((name) => node(name));
    one.swim.applyMany(
      real.map((id) => alive(id)),
      one.now,
    );
    const ping = (): NodeIdentity => {
      const { to, packet } = one.until('ping');
      const { probeNumber } = packet.header.message as { probeNumber: number };
      if (real.includes(to) || real.some((id) => id.address === to.address)) {
        one.receive(to, { type: 'ack', probeNumber });
      }
      return to;
    };
    for (let i = 0; i < 8; i++) ping();
    const fakes = Array.from({ length: 10_000 }, (_, i) => alive(node(`fake-${i}`)));
    one.swim.applyMany(fakes, one.now);
    const probed = Array.from({ length: 16 }, ping).map(({ address }) => address);
    for (const { address } of real) {
      expect(probed.filter((one) => one === address).length).toBeGreaterThanOrEqual(2);
    }
  });

  it('does not keep the real ones from learning that one of them has crashed', () => {
    const network = shoalNetwork(5);
    const hosts = ['a', 'b', 'c', 'd', 'e'].map((name) => network.start(name, ['a']));
    expect(network.run(60_000, () => network.converged)).toBe(true);
    network.run(10_000);
    const fakes = Array.from({ length: 5000 }, (_, i) => alive(node(`fake-${i}`)));
    for (const host of hosts) network.on(host, (swim, now) => swim.applyMany(fakes, now));
    network.kill('e');
    const left = hosts.slice(0, 4);
    const know = (): boolean => left.every(({ swim }) => swim.memberAt('e:1')?.state === 'down');
    expect(network.run(60_000, know)).toBe(true);
  });
});
