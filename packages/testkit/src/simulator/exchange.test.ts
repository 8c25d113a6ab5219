import { lan } from '@shoal/membership';
import { describe, expect, it } from 'vitest';
import { FAIR_WEATHER } from './fault.ts';
import { Simulator } from './simulator.ts';
import type { SimulatorOptions } from './simulator-options.ts';

/** Datagrams that all get lost: what is known comes over streams. */
function silent(options: Partial<SimulatorOptions> = {}): Simulator {
  const weather = { ...FAIR_WEATHER, loss: 1 };
  return new Simulator({ seed: 1, nodes: 3, weather, exchange: {}, ...options });
}

describe('exchanges of states', () => {
  it('bring a node that joins up to date, and its seed as well', () => {
    const sim = silent({ join: { seeds: [0] } });
    sim.startAll();
    sim.run(20);
    expect(sim.nodes[0]!.swim!.activeCount).toBe(2);
    expect(sim.nodes[1]!.swim!.memberAt(sim.nodes[0]!.address)?.state).toBe('alive');
    expect(sim.stats.exchanges).toBeGreaterThanOrEqual(2);
  });

  it('recur, and send little once both sides know the same', () => {
    const sim = new Simulator({ seed: 2, nodes: 6, exchange: { interval: 1000 } });
    sim.startAll();
    sim.run(30_000);
    expect(sim.converged).toBe(true);
    expect(sim.stats.exchanges).toBeGreaterThan(6 * 20);
    expect(sim.stats.brokenExchanges).toBe(0);
  });

  it('bring a member that gossip missed', () => {
    const config = { ...lan(), announce: undefined, gossip: undefined };
    const sim = new Simulator({ seed: 3, nodes: 5, config, exchange: {} });
    for (const { index } of sim.nodes) sim.start(index);
    sim.inject({ type: 'cut', from: [3], to: [4] });
    sim.inject({ type: 'cut', from: [4], to: [3] });
    sim.run(5000);
    sim.inject({ type: 'heal' });
    expect(sim.runUntil(300_000, 1000, () => sim.converged)).toBeDefined();
  });

  it('do not keep members that are gone, while others come and go', () => {
    const config = { ...lan(), removeDownAfter: 30_000 };
    const sim = new Simulator({ seed: 4, nodes: 60, config, exchange: { interval: 5000 } });
    for (let i = 0; i < 6; i++) sim.start(i);
    sim.run(10_000);
    const wentDown = new Map<number, Set<string>>();
    sim.observers.push({
      event: (_, event) => {
        if (event.type !== 'memberDown') return;
        const at = Math.floor(sim.now / 5000);
        wentDown.set(at, (wentDown.get(at) ?? new Set()).add(event.member.id.address));
      },
    });
    // One node comes and one goes every 5 s; every other one goes without a goodbye.
    for (let next = 6; next < 60; next++) {
      sim.start(next);
      sim.inject({ type: next % 2 === 0 ? 'leave' : 'crash', node: next - 3 });
      sim.run(5000);
      const recent = new Set<string>();
      for (const [at, addresses] of wentDown) {
        if (sim.now - at * 5000 <= 40_000) for (const one of addresses) recent.add(one);
      }
      for (const { swim } of sim.running) {
        expect(swim!.stats().down).toBeLessThanOrEqual(recent.size);
      }
    }
  });

  it('tell after a split that a member left, also where it is held as failed', () => {
    const sim = new Simulator({ seed: 5, nodes: 10, join: { persistent: true }, exchange: {} });
    sim.startAll();
    sim.run(10_000);
    sim.inject({ type: 'partition', nodes: [0, 1, 2, 3, 4] });
    sim.run(60_000);
    sim.inject({ type: 'leave', node: 3 });
    sim.run(30_000);
    const { address } = sim.nodes[3]!;
    expect(sim.nodes[7]!.swim!.memberAt(address)).toMatchObject({ state: 'down' });
    expect(sim.nodes[7]!.swim!.memberAt(address)!.left).toBeFalsy();
    sim.inject({ type: 'heal' });
    expect(sim.runUntil(600_000, 500, () => sim.converged)).toBeDefined();
    sim.run(60_000);
    const others = sim.running.filter(({ index }) => index !== 3);
    for (const { swim } of others) expect(swim!.memberAt(address)!.left).toBe(true);
  });

  it('break off if an end is gone, paused or cannot be reached, and are refused by a busy node', () => {
    const broken = (prepare: (sim: Simulator) => void, options?: Partial<SimulatorOptions>) => {
      const sim = silent({ nodes: 2, join: { seeds: [0] }, ...options });
      sim.start(0);
      sim.run(100);
      prepare(sim);
      sim.start(1);
      sim.run(20);
      expect(sim.nodes[1]!.swim!.activeCount).toBe(0);
      expect(sim.stats.exchanges).toBe(0);
      return sim.stats.brokenExchanges;
    };
    expect(broken((sim) => sim.inject({ type: 'crash', node: 0 }))).toBe(1);
    expect(broken((sim) => sim.inject({ type: 'pause', node: 0, ms: 500 }))).toBe(1);
    expect(broken((sim) => sim.inject({ type: 'cut', from: [0], to: [1] }))).toBe(1);
    expect(broken(() => {}, { exchange: { maxServed: 0 } })).toBe(1);
  });
});
