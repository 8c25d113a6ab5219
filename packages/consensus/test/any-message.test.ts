import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../src/index.ts';
import { Cluster } from './cluster.test-helper.ts';

const seed = Number(process.env['SHOAL_SEED'] ?? 1);
const name = fc.constantFrom('a', 'b', 'c', 'd', 'x', '__proto__', 'constructor');
const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 6n }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);
const text = fc.constantFrom('a-store', 'b-store', 'log', 'x');
const logId = fc.option(text, { nil: undefined });
const position = fc.record({ term: u64, index: u64 });
const configuration = fc.option(
  fc.record({ voters: fc.array(fc.record({ name, storeId: text }), { maxLength: 3 }) }),
  { nil: undefined },
);

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('preVoteRequest' as const), term: u64, logId }),
  fc.record({
    type: fc.constant('preVoteReply' as const),
    term: u64,
    granted: fc.boolean(),
    votedTerm: u64,
    position,
    configuration,
  }),
  fc.record({ type: fc.constant('voteRequest' as const), term: u64, life: text, logId }),
  fc.record({
    type: fc.constant('grant' as const),
    term: u64,
    life: text,
    storeId: text,
    position,
  }),
  fc.record({
    type: fc.constant('refusal' as const),
    term: u64,
    reason: fc.constantFrom('voted', 'other-log', 'other-voters', 'impossible-term'),
    votedTerm: u64,
    storeId: text,
  }),
  fc.record({ type: fc.constant('heartbeat' as const), term: u64, commit: u64, logId }),
  fc.record({
    type: fc.constant('acknowledgement' as const),
    term: u64,
    storeId: text,
    index: u64,
  }),
  fc.record({ type: fc.constant('campaignNow' as const), term: u64 }),
);

describe('messages of any kind, from anybody, in any order', () => {
  it('never throw, and never lower the voted term or what is committed', () => {
    const arrival = fc.record({ from: name, to: fc.constantFrom('a', 'b'), message });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 40 }), fc.nat(2000), (arrivals, wait) => {
        const cluster = new Cluster({ names: ['a', 'b', 'c'], seed: 1 });
        cluster.pass(wait);
        for (const { from, to, message } of arrivals) {
          const { votedTerm, commit } = cluster.get(to);
          cluster.call(to, (core) => core.receive(from, message, cluster.now));
          expect(cluster.get(to).votedTerm).toBeGreaterThanOrEqual(votedTerm);
          expect(cluster.get(to).commit).toBeGreaterThanOrEqual(commit);
        }
      }),
      { numRuns: 2000, seed },
    );
  });

  it('leave nothing behind that grows with them', () => {
    const cluster = new Cluster({ names: ['a', 'b', 'c'], seed: 1 });
    cluster.until(() => cluster.get('c').commit > 0n);
    cluster.crash('c');
    cluster.crash('b');
    cluster.until(() => cluster.get('a').role === 'candidate');
    const size = (): number =>
      JSON.stringify(cluster.get('a').save(), (_, value) =>
        typeof value === 'bigint' ? String(value) : value,
      ).length;
    const before = size();
    const term = cluster.get('a').votedTerm + 1n;
    for (let i = 0; i < 1000; i++) {
      for (const type of ['acknowledgement', 'preVoteReply', 'grant'] as const) {
        const rest = { term, index: 1n, storeId: `s${i}`, life: 'x', granted: true };
        const position = { term, index: 1n };
        const found = { type, ...rest, position, votedTerm: 0n, configuration: undefined };
        cluster.call('a', (core) => core.receive(`stranger ${i}`, found as Message, cluster.now));
      }
    }
    expect(size()).toBeLessThan(before + 100);
  });
});
