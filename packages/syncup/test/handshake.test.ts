import type { SyncupMessage } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogView } from '../src/log/log-store.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { handshake } from './handshake.test-helper.ts';
import { commit, commits, data, logOf } from './log.test-helper.ts';

const types = (result: { messages: { message: SyncupMessage }[] }): string[] =>
  result.messages.map(({ message }) => message.type);

describe('a handshake', () => {
  it('identical logs: one request, then the stream', async () => {
    const result = await handshake(await logOf(commits(5)), await logOf(commits(5)));
    expect(types(result)).toEqual(['entryRequest', 'entry', 'startStream']);
    expect(result.replica).toEqual({ type: 'stream', matchpoint: 5n, startVlsn: 6n });
    expect(result.feeder).toEqual({ type: 'stream', startVlsn: 6n });
    expect(result.plan?.decision.passed.count).toBe(0);
  });

  it('replica is a strict prefix', async () => {
    const result = await handshake(await logOf(commits(3)), await logOf(commits(9)));
    expect(result.feeder).toEqual({ type: 'stream', startVlsn: 4n });
  });

  it('replica is ahead: accepts the alternate', async () => {
    const result = await handshake(await logOf(commits(9)), await logOf(commits(5)));
    expect(types(result)).toEqual(['entryRequest', 'alternateMatchpoint', 'startStream']);
    expect(result.plan?.decision).toMatchObject({ to: 5n, hard: true, passed: { count: 4 } });
  });

  it("alternate below the replica's first: restore", async () => {
    const replica = await logOf(commits(9));
    await replica.trimHead(7n);
    const result = await handshake(replica, await logOf(commits(5)));
    expect(result.replica).toEqual({ type: 'restore', failedVlsn: 5n });
    expect(result.feeder).toEqual({ type: 'restore', failedVlsn: 5n });
  });

  it.each([
    ['above what was asked', { vlsn: 10n }],
    ['not a sync point', { isSync: false }],
  ])('alternate %s: refused', async (_, change) => {
    const result = await handshake(
      await logOf(commits(9)),
      await logOf(commits(5)),
      {},
      {
        intercept: (_from, message) =>
          message.type === 'alternateMatchpoint' ? [{ ...message, ...change }] : [message],
      },
    );
    expect(result.error).toMatchObject({ code: 'protocol' });
    expect(result.feeder).toBeUndefined();
  });

  it('second alternate: refused', async () => {
    const feeder = await logOf(commits(4), commits(3, 'f', 5));
    const alternates: SyncupMessage[] = [];
    const result = await handshake(
      await logOf(commits(9)),
      feeder,
      {},
      {
        intercept: (_from, message) => {
          if (message.type === 'alternateMatchpoint') alternates.push(message);
          return message.type === 'entry' ? alternates : [message];
        },
      },
    );
    expect(alternates).toHaveLength(1);
    expect(result.error).toMatchObject({ code: 'protocol' });
  });

  it('divergence between sync points', async () => {
    const common = [commit('a'), data('b'), commit('c'), data('d'), data('e')];
    const replica = await logOf(common, [data('r'), commit('r'), data('r')]);
    const feeder = await logOf(common, [data('f'), data('f'), commit('f'), commit('f')]);
    const result = await handshake(replica, feeder);
    expect(result.replica).toEqual({ type: 'stream', matchpoint: 3n, startVlsn: 4n });
    expect(result.plan?.decision).toMatchObject({ to: 3n, passed: { count: 1, vlsns: [7n] } });
  });

  it('empty replica, VLSN 1 present: streams from 1', async () => {
    const result = await handshake(new MemoryLog(), await logOf(commits(5)));
    expect(types(result)).toEqual(['entryRequest', 'entry', 'startStream']);
    expect(result.feeder).toEqual({ type: 'stream', startVlsn: 1n });
  });

  it('empty replica, VLSN 1 trimmed: restore', async () => {
    const feeder = await logOf(commits(5));
    await feeder.trimHead(3n);
    const result = await handshake(new MemoryLog(), feeder);
    expect(result.replica).toEqual({ type: 'restore', failedVlsn: 1n });
    expect((await handshake(new MemoryLog(), new MemoryLog())).replica).toMatchObject({
      type: 'restore',
    });
  });

  it('empty replica, feeder known to be empty: streams from 1 without a request', async () => {
    const result = await handshake(new MemoryLog(), new MemoryLog(), { feederEmpty: true });
    expect(types(result)).toEqual(['startStream']);
  });

  it('uncommitted entries only: rolled back whole, streams from 1', async () => {
    const result = await handshake(await logOf([data('x'), data('y')]), await logOf(commits(5)));
    expect(result.plan?.decision).toMatchObject({ to: 0n, hard: false });
    expect(result.replica).toEqual({ type: 'stream', matchpoint: 0n, startVlsn: 1n });
  });

  it('nothing in common: restore', async () => {
    const result = await handshake(await logOf(commits(5, 'r')), await logOf(commits(9, 'f')));
    expect(result.replica).toEqual({ type: 'restore', failedVlsn: 1n });
    expect(types(result).slice(-2)).toEqual(['restoreRequest', 'restoreResponse']);
  });

  it('head trimmed during the handshake: restore', async () => {
    const feeder = await logOf(commits(50), commits(60, 'f'));
    let asked = 0;
    const result = await handshake(
      await logOf(commits(50), commits(50, 'r')),
      feeder,
      { flight: 1 },
      {
        before: async () => {
          if (++asked === 4) await feeder.trimHead(90n);
        },
      },
    );
    expect(result.replica?.type).toBe('restore');
  });

  it('gap in the replica above the matchpoint: restore', async () => {
    const log = await logOf(commits(5), commits(5, 'r'));
    const gappy: LogView & { chained: boolean } = {
      chained: false,
      get range() {
        return { ...log.range, contiguousFrom: 7n };
      },
      entry: (vlsn) => log.entry(vlsn),
      syncAtOrBefore: (vlsn) => log.syncAtOrBefore(vlsn),
      passedTransactions: (vlsn) => log.passedTransactions(vlsn),
    };
    const result = await handshake(gappy, await logOf(commits(5), commits(9, 'f')));
    expect(result.replica).toMatchObject({ type: 'restore' });
  });

  it('a transaction across the matchpoint is undone as a whole', async () => {
    // Begun below the matchpoint (VLSN 3), committed above it on the replica only.
    const common = [commit('a'), data('t1'), commit('b')];
    const replica = await logOf(common, [data('t1 more'), commit('t1')]);
    const result = await handshake(replica, await logOf(common, [commit('f')]));
    expect(result.plan?.decision).toMatchObject({ to: 3n, hard: true, passed: { vlsns: [5n] } });
  });

  it('a prohibited rollback changes nothing and says what would be lost', async () => {
    const replica = await logOf(commits(8));
    replica.noteDurable(7n);
    const before = replica.digest();
    const result = await handshake(replica, await logOf(commits(5), commits(9, 'f')));
    expect(result.error).toMatchObject({ code: 'rollback-prohibited' });
    expect(result.decision).toMatchObject({
      type: 'prohibited',
      reason: 'durable',
      passed: { count: 3, durable: 2, vlsns: [6n, 7n, 8n] },
    });
    expect(types(result)).not.toContain('startStream');
    expect(replica.digest()).toBe(before);
  });

  it('nothing is rolled back for a stale feeder', async () => {
    const result = await handshake(await logOf(commits(8)), await logOf(commits(5)), {
      feederLeads: false,
    });
    expect(result.error).toMatchObject({ code: 'stale-term' });
  });

  it('a second handshake after a rollback takes one round trip', async () => {
    const replica = await logOf(commits(5), commits(700, 'r'));
    const feeder = await logOf(commits(5), commits(9, 'f'));
    const result = await handshake(replica, feeder);
    await replica.rollback(result.plan!.decision.to, 'test');
    const again = await handshake(replica, feeder);
    expect(again.plan).toMatchObject({ roundTrips: 1, decision: { passed: { count: 0 } } });
  });

  it('finds the same on random logs with any options', async () => {
    const some = fc.array(fc.constantFrom('commit', 'data', 'abort'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        some,
        some,
        some,
        fc.constantFrom(1, 3, 64),
        fc.constantFrom('gallop' as const, 'descending' as const),
        fc.boolean(),
        async (common, mine, theirs, flight, search, noxu) => {
          const make = (kinds: string[], name: string): Parameters<MemoryLog['append']>[0] =>
            kinds.map((kind, i) => ({
              type: ['data', 'commit', 'abort'].indexOf(kind),
              payload: new TextEncoder().encode(name + i),
            }));
          const fingerprint = noxu ? 'noxu' : 'chained';
          const replica = new MemoryLog({ fingerprint });
          const feeder = new MemoryLog({ fingerprint });
          for (const log of [replica, feeder]) await log.append(make(common, 'common'));
          await replica.append(make(mine, 'mine'));
          await feeder.append(make(theirs, 'theirs'));
          const result = await handshake(replica, feeder, { flight, search });
          const last = common.findLastIndex((kind) => kind !== 'data') + 1;
          const ended = replica.range.lastTxnEnd > 0n;
          if (last > 0) expect(result.plan?.matchpoint?.vlsn).toBe(BigInt(last));
          else if (!ended && feeder.range.last > 0n) {
            expect(result.replica).toMatchObject({ type: 'stream', matchpoint: 0n });
          } else expect(result.replica?.type).toBe('restore');
          expect(result.feeder?.type).toBe(result.replica?.type);
        },
      ),
      { numRuns: 200 },
    );
  });
});
