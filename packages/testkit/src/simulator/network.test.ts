import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { FAIR_WEATHER, newEffects, type Weather } from './fault.ts';
import { drawLatency, type Latency } from './latency.ts';
import { Network } from './network.ts';

function networkOf(weather: Partial<Weather> = {}, size = 4) {
  const effects = newEffects();
  const network = new Network({
    size,
    weather: { ...FAIR_WEATHER, ...weather },
    random: seededRandom(1),
    effects,
  });
  return { network, effects };
}

describe('Network', () => {
  it('loses, duplicates and delays packets as the weather says', () => {
    const { network, effects } = networkOf({ loss: 0.25, duplicate: 0.1 });
    let sent = 0;
    let copies = 0;
    for (let i = 0; i < 20_000; i++) {
      if (network.route(0, 1, i) === 'sent') sent++;
      copies += network.delays.length;
      for (const delay of network.delays) {
        expect(delay).toBeGreaterThanOrEqual(0.2);
        expect(delay).toBeLessThan(1);
      }
    }
    expect(sent / 20_000).toBeCloseTo(0.75, 1);
    expect(copies / sent).toBeCloseTo(1.1, 1);
    expect(effects.losses).toBe(20_000 - sent);
    expect(effects.duplicates).toBe(copies - sent);
  });

  it('lets later packets overtake delayed ones', () => {
    const { network, effects } = networkOf({ reorder: 0.2, reorderBy: 100 });
    let late = 0;
    for (let i = 0; i < 2000; i++) {
      network.route(0, 1, i);
      if (network.delays[0]! > 1) late++;
    }
    expect(late / 2000).toBeCloseTo(0.2, 1);
    expect(effects.reorders).toBeGreaterThan(late);
  });

  it('cuts one way, and heals', () => {
    const { network, effects } = networkOf();
    network.cut([0, 1], [1, 2]);
    expect(network.route(0, 2, 0)).toBe('cut');
    expect(network.delays).toEqual([]);
    expect(network.route(2, 0, 0)).toBe('sent');
    expect(network.route(0, 3, 0)).toBe('sent');
    expect(network.reaches(1, 2)).toBe(false);
    network.heal();
    expect(network.route(0, 2, 0)).toBe('sent');
    expect(effects.cuts).toBe(1);
  });

  it('splits, and splits the sides again', () => {
    const { network, effects } = networkOf();
    network.partition([0, 1]);
    network.partition([0, 2]);
    for (const from of [0, 1, 2, 3]) {
      for (const to of [0, 1, 2, 3]) expect(network.reaches(from, to)).toBe(from === to);
    }
    expect(network.route(0, 1, 0)).toBe('partitioned');
    expect(effects.partitions).toBe(1);
    network.heal();
    expect(network.reaches(0, 3)).toBe(true);
  });

  it('applies the weather of one node in both directions', () => {
    const { network } = networkOf();
    network.setWeather({ ...FAIR_WEATHER, loss: 1 }, 2);
    expect(network.route(2, 0, 0)).toBe('lost');
    expect(network.route(0, 2, 0)).toBe('lost');
    expect(network.route(0, 1, 0)).toBe('sent');
    network.setWeather(FAIR_WEATHER, undefined);
    expect(network.route(2, 0, 0)).toBe('sent');
  });
});

describe('drawLatency', () => {
  const mean = (latency: Latency): number => {
    const random = seededRandom(7);
    let sum = 0;
    for (let i = 0; i < 50_000; i++) sum += drawLatency(latency, random);
    return sum / 50_000;
  };

  it('has the means of its distributions', () => {
    expect(mean({ type: 'fixed', ms: 3 })).toBeCloseTo(3, 6);
    expect(mean({ type: 'uniform', least: 2, most: 6 }) / 4).toBeCloseTo(1, 1);
    expect(mean({ type: 'exponential', least: 5, mean: 10 }) / 15).toBeCloseTo(1, 1);
    // The mean of a lognormal is median * exp(sigma^2 / 2).
    const expected = 10 * Math.exp(0.125);
    expect(mean({ type: 'lognormal', median: 10, sigma: 0.5 }) / expected).toBeCloseTo(1, 1);
  });
});
