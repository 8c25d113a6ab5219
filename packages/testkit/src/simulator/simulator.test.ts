import { lan, type MembershipEvent, type NodeIdentity } from '@shoal/membership';
import { describe, expect, it } from 'vitest';
import { EventLog } from './event-log.ts';
import { FAIR_WEATHER } from './fault.ts';
import type { SimNode } from './sim-node.ts';
import { Simulator } from './simulator.ts';
import type { SimulatorOptions } from './simulator-options.ts';

type Event = MembershipEvent<NodeIdentity>;

/** A cluster whose members all know one another, and what each of them told. */
function cluster(nodes: number, options: Partial<SimulatorOptions> = {}) {
  const sim = new Simulator({ seed: 1, nodes, ...options });
  const events: { node: SimNode; event: Event; at: number }[] = [];
  sim.observers.push({ event: (node, event) => events.push({ node, event, at: sim.now }) });
  sim.startAll({ acquainted: true });
  const of = (type: Event['type'], from = 0) =>
    events.filter((one) => one.event.type === type && one.at >= from);
  return { sim, events, of };
}

const minutes = (count: number): number => count * 60_000;

describe('Simulator', () => {
  it('lets nodes join that know only the seeds, and then rests', () => {
    const sim = new Simulator({ seed: 'join', nodes: 40 });
    sim.startAll();
    expect(sim.converged).toBe(false);
    expect(sim.runUntil(30_000, 100, () => sim.converged)).toBeLessThan(10_000);
    sim.run(20_000);
    const before = sim.stats.packets;
    sim.run(60_000);
    // A ping and an ack a second; an announce and a feed every 30 s.
    expect(sim.stats.packets - before).toBeLessThan(40 * 60 * 2.2);
    expect(sim.stats.packets - before).toBeGreaterThan(40 * 60 * 1.9);
  });

  it('repeats a run for the same seed, and differs for another one', () => {
    const digestOf = (seed: string): string => {
      const sim = new Simulator({ seed, nodes: 12, weather: { ...FAIR_WEATHER, loss: 0.05 } });
      const log = new EventLog(sim, { keep: false });
      sim.observers.push(log);
      sim.startAll();
      sim.at(20_000, () => sim.inject({ type: 'partition', nodes: [1, 2, 3] }));
      sim.at(50_000, () => sim.inject({ type: 'heal' }));
      sim.run(120_000);
      return log.digest;
    };
    expect(digestOf('a')).toBe(digestOf('a'));
    expect(digestOf('a')).not.toBe(digestOf('b'));
  });

  it('does not depend on the steps in which time passes', () => {
    const digestOf = (step: number): string => {
      const sim = new Simulator({ seed: 3, nodes: 8 });
      const log = new EventLog(sim, { keep: false });
      sim.observers.push(log);
      sim.startAll();
      while (sim.now < 30_000) sim.run(step);
      return log.digest;
    };
    expect(digestOf(10)).toBe(digestOf(30_000));
  });

  it('logs what happens, line by line', () => {
    const sim = new Simulator({ seed: 4, nodes: 2 });
    const log = new EventLog(sim, { keep: true });
    sim.observers.push(log);
    sim.startAll();
    sim.at(5000, () => sim.inject({ type: 'crash', node: 1 }));
    sim.run(60_000);
    const text = log.lines.join('\n');
    expect(text).toMatch(/^0\.000000 n0 starts, generation \d+$/m);
    expect(text).toMatch(/n0 to n1: \d+ bytes, sent$/m);
    expect(text).toMatch(/^5\.000000 fault \{"type":"crash","node":1\}$/m);
    expect(text).toMatch(/n0 memberDown n1#\d+, incarnation 0, failed$/m);
  });

  it('waits no longer than the given time', () => {
    const { sim } = cluster(2);
    expect(sim.runUntil(1000, 300, () => false)).toBeUndefined();
    expect(sim.now).toBe(1000);
  });

  it('refuses a fault of a node that does not exist', () => {
    const { sim } = cluster(2);
    expect(() => sim.inject({ type: 'crash', node: 2 })).toThrow(RangeError);
  });
});

describe('faults', () => {
  it('crash: all others detect it; restart: the node is back under a new identity', () => {
    const { sim, of } = cluster(10);
    const before = sim.nodes[4]!.swim!.identity.generation;
    sim.at(5000, () => sim.inject({ type: 'crash', node: 4 }));
    sim.run(minutes(1));
    expect(of('memberDown').length).toBe(9);
    expect(sim.converged).toBe(true);
    sim.inject({ type: 'restart', node: 4 });
    sim.run(minutes(2));
    expect(sim.converged).toBe(true);
    expect(sim.running.length).toBe(10);
    expect(sim.nodes[4]!.swim!.identity.generation).toBeGreaterThan(before);
    expect(sim.effects).toMatchObject({ crashes: 1, restarts: 1 });
  });

  it('leave: the node says goodbye and stops', () => {
    const { sim, of } = cluster(10);
    sim.run(5000);
    sim.inject({ type: 'leave', node: 3 });
    sim.run(10_000);
    expect(sim.nodes[3]!.left).toBe(true);
    expect(sim.nodes[3]!.swim).toBeUndefined();
    expect(of('memberDown').map(({ event }) => event)).toHaveLength(9);
    for (const { event } of of('memberDown')) expect(event).toMatchObject({ reason: 'left' });
  });

  it('pause: the node does nothing, its socket fills up, and then it continues', () => {
    const { sim, of } = cluster(10, { socketBuffer: 5 });
    sim.run(5000);
    const machine = sim.nodes[2]!.swim!;
    const sent = machine.stats().packetsSent;
    sim.inject({ type: 'pause', node: 2, ms: minutes(1) });
    sim.run(minutes(1) - 1);
    expect(machine.stats().packetsSent).toBe(sent);
    expect(sim.nodes[2]!.inbox.length).toBe(5);
    expect(sim.effects.overflows).toBeGreaterThan(0);
    expect(of('memberDown').length).toBe(9);
    sim.run(minutes(3));
    expect(machine.stats().gaps).toBe(1);
    expect(of('rejoined').map(({ node }) => node.index)).toEqual([2]);
    expect(sim.converged).toBe(true);
    expect(sim.effects.pauses).toBeGreaterThan(5);
  });

  it('block: timers run, and packets wait on both sides', () => {
    const { sim, of } = cluster(10);
    sim.run(5000);
    const machine = sim.nodes[2]!.swim!;
    const { probes, packetsReceived } = machine.stats();
    sim.inject({ type: 'block', node: 2, ms: 8000 });
    sim.run(7999);
    expect(machine.stats().probes).toBeGreaterThan(probes);
    expect(machine.stats().packetsReceived).toBe(packetsReceived);
    expect(machine.stats().gaps).toBe(0);
    expect(sim.nodes[2]!.outbox.length).toBeGreaterThan(0);
    expect(sim.nodes[2]!.inbox.length).toBeGreaterThan(0);
    // It found everyone else silent.
    expect(of('memberSuspected').some(({ node }) => node.index === 2)).toBe(true);
    const arrived = sim.stats.deliveries;
    sim.run(1);
    expect(sim.nodes[2]!.inbox.length).toBe(0);
    expect(machine.stats().packetsReceived).toBeGreaterThan(packetsReceived);
    expect(sim.stats.deliveries).toBeGreaterThan(arrived);
    sim.run(minutes(5));
    expect(sim.converged).toBe(true);
  });

  it('skew: a clock at twice the speed doubles the probes', () => {
    const { sim } = cluster(6);
    sim.inject({ type: 'skew', node: 1, rate: 2 });
    sim.run(minutes(5));
    const [normal, fast] = [0, 1].map((index) => sim.nodes[index]!.swim!.stats().probes);
    expect(fast! / normal!).toBeCloseTo(2, 1);
    expect(sim.effects.skews).toBeGreaterThan(0);
  });

  it.each([minutes(60), -minutes(60)])('jump: a clock that is set by %d ms stops nothing', (ms) => {
    const { sim, of } = cluster(6);
    sim.run(5000);
    sim.inject({ type: 'jump', node: 1, ms });
    const { probes } = sim.nodes[1]!.swim!.stats();
    sim.run(minutes(2));
    expect(sim.nodes[1]!.swim!.stats().probes - probes).toBeGreaterThan(100);
    expect(of('memberSuspected')).toEqual([]);
    expect(sim.converged).toBe(true);
  });

  it('cut: a node is not driven out while others can relay its answers', () => {
    const { sim, of } = cluster(8);
    sim.run(5000);
    sim.inject({ type: 'cut', from: [1], to: [2, 3] });
    sim.run(minutes(5));
    expect(sim.effects.cuts).toBeGreaterThan(0);
    expect(of('memberDown')).toEqual([]);
    const indirect = of('probe').some(
      ({ event }) => event.type === 'probe' && event.outcome === 'indirect',
    );
    expect(indirect).toBe(true);
  });

  it('partition and heal: two clusters, and one again', () => {
    const { sim } = cluster(9);
    sim.run(5000);
    sim.inject({ type: 'partition', nodes: [0, 1, 2] });
    sim.run(minutes(2));
    expect(sim.nodes[0]!.swim!.activeCount).toBe(2);
    expect(sim.nodes[8]!.swim!.activeCount).toBe(5);
    expect(sim.reaches(sim.nodes[0]!, sim.nodes[8]!)).toBe(false);
    sim.inject({ type: 'heal' });
    expect(sim.runUntil(minutes(5), 1000, () => sim.converged)).toBeDefined();
  });

  it('calm: everything that lasts ends', () => {
    const { sim } = cluster(6);
    sim.inject({ type: 'pause', node: 1, ms: minutes(60) });
    sim.inject({ type: 'block', node: 2, ms: minutes(60) });
    sim.inject({ type: 'skew', node: 3, rate: 1.5 });
    sim.inject({ type: 'partition', nodes: [4] });
    sim.inject({ type: 'weather', weather: { ...FAIR_WEATHER, loss: 1 } });
    sim.run(minutes(2));
    sim.inject({ type: 'calm' });
    expect(sim.nodes[3]!.clock.rate).toBe(1);
    expect(sim.runUntil(minutes(5), 1000, () => sim.converged)).toBeDefined();
  });

  it('rename and broadcast: the application changes its metadata and broadcasts', () => {
    const { sim } = cluster(6);
    sim.inject({ type: 'rename', node: 1, metadata: 'leader' });
    for (let i = 0; i < 5; i++) sim.inject({ type: 'broadcast', node: 2, size: 30 });
    sim.run(5000);
    const held = sim.nodes[5]!.swim!.memberAt(sim.nodes[1]!.address)!;
    expect(new TextDecoder().decode(held.id.metadata)).toBe('leader');
    expect(sim.effects).toMatchObject({ renames: 1, broadcasts: 5 });
    sim.run(minutes(1));
    for (const { swim } of sim.running) expect(swim!.stats().queuedBroadcasts).toBe(0);
  });

  it('with persistent joins, two clusters that started apart become one', () => {
    const config = { ...lan(), announceDown: undefined };
    const sim = new Simulator({ seed: 5, nodes: 6, config, join: { persistent: true } });
    sim.inject({ type: 'partition', nodes: [0, 3, 4] });
    sim.startAll();
    sim.run(minutes(2));
    expect(sim.nodes[3]!.swim!.activeCount).toBe(2);
    expect(sim.nodes[5]!.swim!.activeCount).toBe(2);
    sim.inject({ type: 'heal' });
    expect(sim.runUntil(minutes(3), 1000, () => sim.converged)).toBeDefined();
  });
});
