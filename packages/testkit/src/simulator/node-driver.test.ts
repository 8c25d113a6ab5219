import { describe, expect, it } from 'vitest';
import { Simulator } from './simulator.ts';
import type { SimulatorOptions } from './simulator-options.ts';

/** Starts node 1, whose only seed is node 0, and returns the times of its announces, in ms. */
function announces(options: Partial<SimulatorOptions>, run: (sim: Simulator) => void): number[] {
  const join = { seeds: [0], first: 1000, most: 4000, ...options.join };
  const sim = new Simulator({ seed: 1, nodes: 2, ...options, join });
  const times: number[] = [];
  sim.observers.push({ transmit: (from) => void (from.index === 1 && times.push(sim.now)) });
  sim.start(1);
  run(sim);
  return times;
}

/** The gaps between times, in ms. */
function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => time - times[i]!);
}

describe('NodeDriver', () => {
  it('tries to join with waits that double and are varied by a quarter', () => {
    const waits = gaps(announces({}, (sim) => sim.run(30_000)));
    for (const [i, wait] of [1000, 2000, 4000, 4000].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(wait * 0.75);
      expect(waits[i]).toBeLessThanOrEqual(wait * 1.25);
    }
  });

  it.each([
    { seeds: 10, within: 2000 },
    { seeds: 20, within: 3000 },
    { seeds: 50, within: 5000 },
  ])('joins at the only live one of $seeds seeds within $within ms', ({ seeds, within }) => {
    const all = Array.from({ length: seeds }, (_, i) => i);
    const live = seeds - 1;
    for (let seed = 1; seed <= 20; seed++) {
      const join = { seeds: all, persistent: true };
      const sim = new Simulator({ seed, nodes: seeds + 1, join, exchange: {} });
      sim.start(live);
      sim.run(2000);
      sim.start(seeds);
      const joined = (): boolean => sim.nodes[seeds]!.swim!.state === 'active';
      expect(sim.runUntil(within, 50, joined)).toBeDefined();
    }
  });

  it('makes no attempt during a pause, and one right after it', () => {
    const times = announces({}, (sim) => {
      sim.inject({ type: 'pause', node: 1, ms: 20_000 });
      sim.run(20_500);
    });
    expect(times).toEqual([0, 20_000]);
  });

  it('stops once the node is in a cluster, unless it is persistent', () => {
    const attempts = (persistent: boolean): number => {
      const sim = new Simulator({ seed: 2, nodes: 4, join: { seeds: [0, 3], persistent } });
      let count = 0;
      sim.observers.push({
        transmit: (from, to) => void (from.index === 1 && to === 3 && count++),
      });
      for (const node of [0, 1, 2]) sim.start(node);
      sim.run(1000);
      expect(sim.nodes[1]!.swim!.state).toBe('active');
      count = 0;
      sim.run(200_000);
      return count;
    };
    expect(attempts(false)).toBe(0);
    expect(attempts(true)).toBeGreaterThan(4);
  });

  it('tries again at once when a persistent node is alone', () => {
    const sim = new Simulator({ seed: 3, nodes: 2, join: { seeds: [0], persistent: true } });
    let idleAt = 0;
    const later: number[] = [];
    sim.observers.push({
      event: (node, event) => {
        if (node.index === 1 && event.type === 'idle') idleAt = sim.now;
      },
      transmit: (from) => {
        if (from.index === 1 && idleAt > 0) later.push(sim.now - idleAt);
      },
    });
    sim.startAll();
    sim.run(5000);
    sim.inject({ type: 'crash', node: 0 });
    sim.run(120_000);
    expect(idleAt).toBeGreaterThan(5000);
    expect(later[0]).toBeLessThan(1);
  });
});
