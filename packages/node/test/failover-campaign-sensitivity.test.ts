import { expect, it, vi } from 'vitest';
import { runCampaign } from './failover-campaign.test-helper.ts';

// A new feeder that does not take over what voters hold: the fault that all else is there for.
vi.mock('../src/votes/log-position.ts', async (original) => ({
  ...(await original()),
  furthestAhead: () => undefined,
}));

it('a feeder that does not catch up is noticed', { timeout: 120_000 }, async () => {
  const runs = async (): Promise<void> => {
    for (let seed = 1; seed <= 12; seed++) await runCampaign(seed);
  };
  await expect(runs()).rejects.toThrow(/again by: SHOAL_NODE_SEED/);
});
