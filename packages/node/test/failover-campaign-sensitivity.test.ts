import { expect, it, vi } from 'vitest';
import { runCampaign } from './failover-campaign.test-helper.ts';

// The fault that elections exist to prevent: a new leader that does not take over what voters hold.
vi.mock('../src/votes/log-position.ts', async (original) => ({
  ...(await original()),
  furthestAhead: () => undefined,
}));

it('the campaign detects a leader that has not caught up with its voters', {
  timeout: 120_000,
}, async () => {
  const runs = async (): Promise<void> => {
    for (let seed = 1; seed <= 12; seed++) await runCampaign(seed);
  };
  await expect(runs()).rejects.toThrow(/replay with: SHOAL_NODE_SEED/);
});
