import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  lan,
  type SwimConfig,
  suspicionConfirmations,
  suspicionTimeout,
  transmissionLimit,
} from '../src/config.ts';
import { AMPLIFICATION } from '../src/dissemination/outbox.ts';
import { STREAMS_DEFAULTS } from '../src/driver/streams.ts';
import { boundedTraits } from '../src/members/identity.ts';
import { BURST } from '../src/members/newcomer-rate.ts';

const doc = readFileSync(new URL('../../../docs/wire-protocol.md', import.meta.url), 'utf8');
const config: SwimConfig = lan();

describe('the numbers in the specification', () => {
  it('are the defaults of a local network', () => {
    const table = doc.split('\n### Defaults\n')[1]!.split('\n## ')[0]!;
    const rows = [...table.matchAll(/^\| `(\w+)` +\| (\d+) +\|/gm)];
    expect(rows).toHaveLength(8);
    expect(config).toMatchObject(
      Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)])),
    );
  });

  it('are the intervals of gossip and announces', () => {
    const { gossip, announce, announceDown } = config;
    expect(gossip).toEqual({ interval: 200, members: 3 });
    expect(doc).toContain('gossip to 3 random active members every 200 ms');
    expect(announce).toEqual({ interval: 30_000, members: 1 });
    expect(doc).toContain('announce to one random active member every 30 s');
    expect(announceDown).toEqual({ interval: 65_000, members: 2 });
    expect(doc).toContain('have not left every 65 s');
  });

  it('are how often an update is sent', () => {
    expect(doc).toContain('`max(3, floor(4 × log10(N + 1)))`');
    for (const size of [1, 5, 6, 100, 5000]) {
      const times = Math.max(3, Math.floor(4 * Math.log10(size + 1)));
      expect(transmissionLimit(config, size)).toBe(times);
    }
  });

  it('are the bounds of generations, of answers to strangers, and of newcomers', () => {
    expect(doc).toContain("one day\n   ahead of the receiver's clock");
    const { isPossible } = boundedTraits({ now: () => 1000 });
    const at = (generation: number): boolean =>
      isPossible!({ address: 'a:1', generation, metadata: new Uint8Array(0) });
    expect([at(1000 + 86_400_000), at(1001 + 86_400_000)]).toEqual([true, false]);
    expect(doc).toContain('together have at most three times as many bytes as that packet');
    expect(AMPLIFICATION).toBe(3);
    expect(doc).toContain(`on average, and ${BURST} times as many at once`);
  });

  it('are those of a suspicion', () => {
    expect(doc).toContain('least = 4 × max(1, log10 N) × probePeriod');
    expect(suspicionTimeout(config, 5)).toBe(4 * config.probePeriod);
    expect(suspicionTimeout(config, 1000)).toBeCloseTo(12 * config.probePeriod);
    expect(doc).toContain('6 × least − 5 × least × ln(C + 1) / ln(K + 1)');
    expect(config.suspicionMaxFactor).toBe(6);
    expect(doc).toContain('K is 2. In a cluster of fewer than 4 members');
    expect([3, 4].map((size) => suspicionConfirmations(config, size))).toEqual([0, 2]);
  });

  it('are those of the state exchange', () => {
    const { interval, timeout, maxServed } = STREAMS_DEFAULTS;
    expect(doc).toContain(`every ${interval / 1000} s with a random\nmember`);
    expect(doc).toContain(`takes more than ${timeout / 1000} s is broken off`);
    expect(doc).toContain(`if it serves ${maxServed} peers already`);
  });
});
