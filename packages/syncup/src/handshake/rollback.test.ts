import { describe, expect, it } from 'vitest';
import type { PassedTransactions } from '../log/log-store.ts';
import { decideRollback, type RollbackInput, type RollbackPolicy } from './rollback.ts';

const passed = (count: number, durable = 0): PassedTransactions => ({
  count,
  durable,
  vlsns: Array.from({ length: count }, (_, i) => BigInt(i + 8)),
});

function input(
  [t, s, m]: readonly [number, number, number],
  count: number,
  rest: Partial<RollbackInput> & { durable?: number; first?: bigint } = {},
): RollbackInput {
  return {
    range: {
      first: rest.first ?? 1n,
      last: 10n,
      lastTxnEnd: BigInt(t),
      lastSync: BigInt(s),
      durable: 0n,
    },
    matchpoint: BigInt(m),
    passed: passed(count, rest.durable),
    feederLeads: true,
    ...rest,
  };
}

describe('decideRollback', () => {
  it.each([
    ['no txn end, no sync, no matchpoint', [0, 0, 0], 0, { type: 'rollback', to: 0n, hard: false }],
    ['no txn end, sync, no matchpoint', [0, 5, 0], 0, { type: 'rollback', to: 0n, hard: false }],
    ['no txn end, sync, matchpoint', [0, 5, 3], 0, { type: 'rollback', to: 3n, hard: false }],
    ['txn end, sync, no matchpoint', [7, 7, 0], 2, { type: 'restore', reason: 'no-matchpoint' }],
    ['txn end at the matchpoint', [7, 7, 7], 0, { type: 'rollback', to: 7n, hard: false }],
    ['txn end below the matchpoint', [6, 7, 7], 0, { type: 'rollback', to: 7n, hard: false }],
    ['txn end above the matchpoint', [9, 9, 7], 2, { type: 'rollback', to: 7n, hard: true }],
    ['commit passed all the same', [6, 7, 7], 1, { type: 'rollback', to: 7n, hard: true }],
  ] as const)('%s', (_, tsm, count, decision) => {
    expect(decideRollback(input(tsm, count))).toMatchObject(decision);
  });

  it.each([
    ['a matchpoint without a sync point', [0, 0, 4]],
    ['a txn end without a sync point', [4, 0, 0]],
    ['a txn end without a sync point, a matchpoint', [4, 0, 4]],
  ] as const)('impossible: %s', (_, tsm) => {
    expect(() => decideRollback(input(tsm, 0))).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });

  const hard = [9, 9, 7] as const;
  const decide = (rest: Parameters<typeof input>[2], count = 2): unknown =>
    decideRollback(input(hard, count, rest));

  it('checks first whether the feeder leads, then barriers and gaps, then limits', () => {
    const policy: RollbackPolicy = { enabled: false, limit: 0 };
    const all = { feederLeads: false, barrier: 8n, first: 8n, policy, durable: 2 };
    expect(decide(all)).toEqual({ type: 'stale-feeder' });
    expect(decide({ ...all, feederLeads: true })).toEqual({ type: 'restore', reason: 'barrier' });
    expect(decide({ ...all, feederLeads: true, barrier: 7n })).toEqual({
      type: 'restore',
      reason: 'gap',
    });
    expect(decide({ durable: 2, policy })).toMatchObject({ reason: 'disabled' });
    expect(decide({ durable: 2, policy: { limit: 0 } })).toMatchObject({ reason: 'durable' });
    expect(decide({ policy: { limit: 0 } })).toMatchObject({ reason: 'limit' });
  });

  it('a stale feeder matters only if something would be lost', () => {
    expect(decideRollback(input([7, 7, 7], 0, { feederLeads: false }))).toMatchObject({ to: 7n });
  });

  it('a gap counts only above the matchpoint', () => {
    const range = { first: 1n, last: 10n, lastTxnEnd: 9n, lastSync: 9n, durable: 0n };
    expect(decide({ range: { ...range, contiguousFrom: 8n } })).toMatchObject({ reason: 'gap' });
    expect(decide({ range: { ...range, contiguousFrom: 7n } })).toMatchObject({ to: 7n });
  });

  it.each([
    [1, 'rollback'],
    [2, 'rollback'],
    [3, 'prohibited'],
  ])('limit 2: %i transactions passed: %s', (count, type) => {
    expect(decide({ policy: { limit: 2 } }, count)).toMatchObject({ type });
    const durable = { durable: count, policy: { durableLimit: 2 } };
    expect(decide(durable, count)).toMatchObject({ type });
  });

  it('by default undoes any number of transactions, but no durable one', () => {
    expect(decide({}, 100_000)).toMatchObject({ type: 'rollback', to: 7n });
    expect(decide({ durable: 1 })).toEqual({
      type: 'prohibited',
      reason: 'durable',
      to: 7n,
      passed: { count: 2, durable: 1, vlsns: [8n, 9n] },
    });
  });
});
