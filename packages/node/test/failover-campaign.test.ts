import { describe, expect, it } from 'vitest';
import { type Counts, runCampaign } from './failover-campaign.test-helper.ts';

const SEED = process.env['SHOAL_NODE_SEED'];
const RUNS = Number(process.env['SHOAL_NODE_RUNS'] ?? 12);

describe('random leaders, partitions and crashes', () => {
  const seeds = SEED === undefined ? Array.from({ length: RUNS }, (_, i) => i + 1) : [Number(SEED)];

  it('lose no acknowledged entry, and all logs end equal', {
    timeout: 600_000,
  }, async () => {
    const total: Counts & { acked: number } = {
      ...{ appends: 0, refused: 0, leaders: 0, rollbacks: 0, crashes: 0, steppedDown: 0, acked: 0 },
      ...{ wiped: 0, voterChanges: 0, transfers: 0, diskErrors: 0, bigBatches: 0 },
    };
    for (const seed of seeds) {
      const { counts, acked } = await runCampaign(seed);
      total.acked += acked;
      for (const name of Object.keys(counts) as (keyof Counts)[]) total[name] += counts[name];
    }
    if (SEED !== undefined) return;
    // The schedules caused faults, and the faults had effects.
    for (const [name, count] of Object.entries(total)) {
      const isOften = ['appends', 'refused', 'leaders', 'crashes', 'steppedDown', 'acked'];
      const enough = isOften.includes(name) ? seeds.length : seeds.length / 6;
      expect(`${name}: ${count > enough ? 'many' : count}`).toBe(`${name}: many`);
    }
  });

  it('are repeated exactly by the same seed', { timeout: 120_000 }, async () => {
    const first = await runCampaign(4);
    const second = await runCampaign(4);
    expect(second.trace).toEqual(first.trace);
  });
});
