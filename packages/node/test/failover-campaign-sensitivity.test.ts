import type { Message } from '@shoal/consensus';
import { expect, it, vi } from 'vitest';
import { runCampaign } from './failover-campaign.test-helper.ts';

// The fault that elections exist to prevent: a new leader that does not take over what voters hold.
vi.mock('@shoal/consensus', async (original) => {
  const consensus = await original<typeof import('@shoal/consensus')>();
  class Careless extends consensus.Consensus {
    override receive(from: string, message: Message, now: number): void {
      const empty = { term: 0n, index: 0n };
      super.receive(
        from,
        message.type === 'grant' ? { ...message, position: empty } : message,
        now,
      );
    }
  }
  return { ...consensus, Consensus: Careless };
});

it('the campaign detects a leader that has not caught up with its voters', {
  timeout: 600_000,
}, async () => {
  const runs = async (): Promise<void> => {
    for (let seed = 1; seed <= 60; seed++) await runCampaign(seed);
  };
  await expect(runs()).rejects.toThrow(/replay with: SHOAL_NODE_SEED/);
});
