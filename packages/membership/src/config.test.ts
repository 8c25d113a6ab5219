import { describe, expect, it } from 'vitest';
import {
  checkConfig,
  lan,
  local,
  type SwimConfig,
  simple,
  suspicionConfirmations,
  suspicionTimeout,
  transmissionLimit,
  wan,
} from './config.ts';

describe('config', () => {
  it('scales timeouts and transmissions with the size of the cluster', () => {
    expect(suspicionTimeout(simple(), 100)).toBe(3000);
    expect([5, 10, 100].map((n) => suspicionTimeout(lan(), n))).toEqual([4000, 4000, 8000]);
    expect(suspicionTimeout(wan(), 1000)).toBe(90_000);
    expect(suspicionTimeout(lan(100), 3)).toBe(8000);
    expect(transmissionLimit(local(), 99)).toBe(4);
    expect(transmissionLimit(lan(), 1e60)).toBe(240);
    expect(transmissionLimit(lan(), 1e70)).toBe(255);
    expect([2, 3, 4, 100].map((n) => suspicionConfirmations(lan(), n))).toEqual([0, 0, 2, 2]);
    expect(suspicionConfirmations(simple(), 100)).toBe(0);
  });

  it('refuses a setting outside its range, and names it', () => {
    for (const preset of [simple(), lan(), wan(), local()]) checkConfig(preset);
    const wrong: [Partial<SwimConfig>, string][] = [
      [{ probePeriod: 500 }, 'probePeriod'],
      [{ probeTimeout: 0 }, 'probeTimeout'],
      [{ probePeriod: Number.NaN }, 'probePeriod'],
      [{ indirectProbes: 1.5 }, 'indirectProbes'],
      [{ suspicion: { type: 'fixed', value: 0 } }, 'suspicion.value'],
      [{ suspicion: { type: 'scaled', multiplier: 0 } }, 'suspicion.multiplier'],
      [{ transmissions: { type: 'fixed', value: 256 } }, 'transmissions.value'],
      [{ gossip: { interval: 0, members: 1 } }, 'gossip.interval'],
      [{ announce: { interval: 10, members: 0 } }, 'announce.members'],
      [{ maxPacketSize: 65_508 }, 'maxPacketSize'],
      [{ removeDownAfter: Number.POSITIVE_INFINITY }, 'removeDownAfter'],
      [{ lifeguard: JSON.parse('null') }, 'lifeguard'],
      [{ lifeguard: JSON.parse('{"localHealth":true,"suspicion":true}') }, 'buddy'],
    ];
    for (const [change, name] of wrong) {
      expect(() => checkConfig({ ...lan(), ...change })).toThrow(name);
    }
  });
});
