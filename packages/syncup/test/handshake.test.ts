import { readFileSync } from 'node:fs';
import { decodeSyncup, encodeSyncup, type SyncupMessage } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyncupError } from '../src/errors.ts';
import { type FeederOutput, FeederSyncup } from '../src/handshake/feeder-syncup.ts';
import { ReplicaSyncup } from '../src/handshake/replica-syncup.ts';
import type { LogView } from '../src/log/log-store.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { handshake } from './handshake.test-helper.ts';
import { commit, commits, data } from './log.test-helper.ts';

async function logOf(...batches: Parameters<MemoryLog['append']>[0][]): Promise<MemoryLog> {
  const log = new MemoryLog();
  for (const batch of batches) await log.append(batch);
  return log;
}

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

  it('replica a strict prefix', async () => {
    const result = await handshake(await logOf(commits(3)), await logOf(commits(9)));
    expect(result.feeder).toEqual({ type: 'stream', startVlsn: 4n });
  });

  it('replica ahead: the alternate is accepted', async () => {
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

  it('alternate given twice: refused', async () => {
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

  it('divergence with non-sync entries between', async () => {
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

  it('empty replica, VLSN 1 absent: restore', async () => {
    const feeder = await logOf(commits(5));
    await feeder.trimHead(3n);
    const result = await handshake(new MemoryLog(), feeder);
    expect(result.replica).toEqual({ type: 'restore', failedVlsn: 1n });
    expect((await handshake(new MemoryLog(), new MemoryLog())).replica).toMatchObject({
      type: 'restore',
    });
  });

  it('empty replica and a feeder known to be empty: streams from 1 without a question', async () => {
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

  it('head trimmed in mid-syncup: restore', async () => {
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

  it('gaps on the side of the replica: a matchpoint below one means restore', async () => {
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

  it('a transaction that straddles the matchpoint is undone whole', async () => {
    // Begun below the matchpoint (VLSN 3), committed above it on the replica only.
    const common = [commit('a'), data('t1'), commit('b')];
    const replica = await logOf(common, [data('t1 more'), commit('t1')]);
    const result = await handshake(replica, await logOf(common, [commit('f')]));
    expect(result.plan?.decision).toMatchObject({ to: 3n, hard: true, passed: { vlsns: [5n] } });
  });

  it('a prohibited rollback changes nothing and tells what would be lost', async () => {
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

  it('a stale feeder gets nothing rolled back', async () => {
    const result = await handshake(await logOf(commits(8)), await logOf(commits(5)), {
      feederLeads: false,
    });
    expect(result.error).toMatchObject({ code: 'stale-term' });
  });

  it('a second syncup after a rollback takes one round trip', async () => {
    const replica = await logOf(commits(5), commits(700, 'r'));
    const feeder = await logOf(commits(5), commits(9, 'f'));
    const result = await handshake(replica, feeder);
    await replica.rollback(result.plan!.decision.to, 'test');
    const again = await handshake(replica, feeder);
    expect(again.plan).toMatchObject({ roundTrips: 1, decision: { passed: { count: 0 } } });
  });

  it('finds the same on random logs, whatever the options', async () => {
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

describe('the recorded handshakes of noxu-rep', () => {
  interface Recorded {
    readonly name: string;
    readonly kind: string;
    readonly value: { messages: { from: string; hex: string }[]; replicaOutcome: string };
  }
  const url = new URL('../../wire/vectors/noxu-syncup.json', import.meta.url);
  const { vectors } = JSON.parse(readFileSync(url, 'utf8')) as { vectors: Recorded[] };
  const recorded = vectors.filter((vector) => vector.kind === 'handshake');

  it.each(recorded)('$name: the feeder answers byte for byte', ({ name, value }) => {
    const feeder = new FeederSyncup({ now: 0 });
    const messages = value.messages.map(({ from, hex }) => ({
      from,
      message: decodeSyncup(Buffer.from(hex, 'hex')),
      hex,
    }));
    // What the recorded feeder held is what its answers say.
    for (const [i, { from, message, hex }] of messages.entries()) {
      if (from === 'replica') {
        feeder.receive(message, 0);
        continue;
      }
      const output = feeder.poll() as FeederOutput;
      if (output.type === 'lookup') {
        expect(output.alternate).toBe(i === 1);
        const found = { ...message, isTxnEnd: true } as never;
        feeder.lookedUp(
          {
            entry: message.type === 'entry' ? found : undefined,
            alternate: message.type === 'alternateMatchpoint' ? found : undefined,
          },
          0,
        );
      }
      const sent = output.type === 'send' ? output : (feeder.poll() as FeederOutput);
      if (sent.type !== 'send') throw new Error(sent.type);
      expect(Buffer.from(encodeSyncup(sent.message)).toString('hex')).toBe(hex);
    }
    // The replica of noxu-rep forgets StartStream when its log is empty.
    const outcome = feeder.poll()?.type;
    expect(outcome).toBe(name === 'empty replica' ? undefined : 'done');
  });

  // Two differences are meant: an alternate is compared without asking again, and an empty
  // replica does send StartStream.
  const ours = recorded.filter(({ name }) => !['replica is ahead', 'empty replica'].includes(name));
  it.each(ours)('$name: the replica asks byte for byte', ({ value }) => {
    const messages = value.messages.map(({ from, hex }) => ({
      from,
      message: decodeSyncup(Buffer.from(hex, 'hex')),
      hex,
    }));
    const asked = messages.filter(({ from }) => from === 'replica');
    const first = asked[0]!.message;
    const lastSync = first.type === 'entryRequest' ? first.vlsn : 0n;
    const matched = /matchpoint_vlsn: Vlsn\((\d+)\)/.exec(value.replicaOutcome)?.[1];
    const empty = value.replicaOutcome.includes('failed_vlsn: Vlsn(1)') && lastSync === 1n;
    const head = messages[1]?.message.type === 'alternateMatchpoint' && !matched ? 5n : 1n;
    const range = {
      first: empty ? 0n : head,
      last: empty ? 0n : lastSync,
      lastSync: empty ? 0n : lastSync,
      lastTxnEnd: empty ? 0n : lastSync,
      durable: 0n,
    };
    const replica = new ReplicaSyncup({
      range,
      chained: true,
      now: 0,
      search: 'descending',
      flight: 1,
      compareLsn: false,
    });
    const sent: string[] = [];
    const answers = messages.filter(({ from }) => from === 'feeder').map(({ message }) => message);
    for (;;) {
      const output = replica.poll();
      if (output === undefined) {
        const answer = answers.shift();
        if (answer === undefined) break;
        replica.receive(answer, 0);
      } else if (output.type === 'send') {
        sent.push(Buffer.from(encodeSyncup(output.message)).toString('hex'));
      } else if (output.type === 'lookup') {
        replica.lookedUp(
          output.at.map((vlsn) => {
            if (vlsn < head) return undefined;
            const fingerprint = matched && vlsn <= BigInt(matched) ? vlsn : vlsn + 10_000n;
            return { vlsn, lsn: 0n, fingerprint, isSync: true, isTxnEnd: true };
          }),
          0,
        );
      } else if (output.type === 'passed') {
        replica.passed({ count: 0, durable: 0, vlsns: [] }, 0);
      } else if (output.type === 'plan') replica.proceed();
      else if (output.type === 'failed') throw output.error;
    }
    expect(sent).toEqual(asked.map(({ hex }) => hex));
  });
});

describe('a hang or a wrong message at every step', () => {
  const range = { first: 1n, last: 9n, lastSync: 9n, lastTxnEnd: 9n, durable: 0n };
  const entry = { vlsn: 9n, lsn: 0n, fingerprint: 1n, isSync: true, isTxnEnd: true };
  const steps: [string, () => ReplicaSyncup, RegExp][] = [
    [
      'the answer to a request',
      () => {
        const replica = new ReplicaSyncup({ range, chained: true, now: 100 });
        replica.lookedUp([entry], 100);
        return replica;
      },
      /an answer to the request for VLSN 9/,
    ],
    [
      'VLSN 1',
      () => {
        const empty = { first: 0n, last: 0n, lastSync: 0n, lastTxnEnd: 0n, durable: 0n };
        return new ReplicaSyncup({ range: empty, chained: true, now: 100 });
      },
      /the entry at VLSN 1 or entryNotFound/,
    ],
    [
      'restoreResponse',
      () => {
        const replica = new ReplicaSyncup({ range, chained: true, now: 100 });
        replica.lookedUp([entry], 100);
        replica.receive({ type: 'entryNotFound' }, 100);
        return replica;
      },
      /restoreResponse/,
    ],
  ];

  it.each(steps)('the replica waits for %s', (_, make, expected) => {
    const last = (machine: ReplicaSyncup): unknown => {
      let output: unknown;
      for (let next = machine.poll(); next; next = machine.poll()) output = next;
      return output;
    };
    const hung = make();
    last(hung);
    expect(hung.deadline).toBe(30_100);
    hung.tick(30_099);
    expect(hung.poll()).toBeUndefined();
    hung.tick(30_100);
    expect(last(hung)).toMatchObject({ type: 'failed', error: { code: 'timeout' } });
    expect(hung.deadline).toBe(Number.POSITIVE_INFINITY);

    const confused = make();
    confused.receive({ type: 'startStream', startVlsn: 4n }, 100);
    const failed = last(confused) as { error: SyncupError };
    expect(failed.error).toMatchObject({ code: 'protocol' });
    expect(failed.error.message).toMatch(expected);
    expect(failed.error.message).toMatch('startStream');
  });

  it('the feeder waits for a request, and not while its own log looks something up', () => {
    const feeder = new FeederSyncup({ now: 0, stepTimeout: 50 });
    expect(feeder.deadline).toBe(50);
    feeder.receive({ type: 'entryRequest', vlsn: 4n }, 20);
    expect(feeder.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(feeder.poll()?.type).toBe('lookup');
    feeder.lookedUp({ entry: undefined, alternate: undefined }, 90);
    expect(feeder.deadline).toBe(140);
    expect(feeder.poll()?.type).toBe('send');
    feeder.tick(140);
    expect(feeder.poll()).toMatchObject({ type: 'failed', error: { code: 'timeout' } });
  });

  it('the feeder refuses answers, VLSNs below 1, a flood, and what follows the end', () => {
    const after = (...messages: SyncupMessage[]): FeederOutput => {
      const feeder = new FeederSyncup({ now: 0, maxPending: 8 });
      for (const message of messages) feeder.receive(message, 0);
      let output: FeederOutput | undefined;
      for (let next = feeder.poll(); next; next = feeder.poll()) {
        output = next;
        if (next.type === 'lookup') feeder.lookedUp({ entry: undefined, alternate: undefined }, 0);
      }
      return output!;
    };
    const refused = { type: 'failed', error: { code: 'protocol' } };
    expect(after({ type: 'entryNotFound' })).toMatchObject(refused);
    expect(after({ type: 'entryRequest', vlsn: 0n })).toMatchObject(refused);
    expect(after({ type: 'entryRequest', vlsn: -(2n ** 63n) })).toMatchObject(refused);
    expect(after({ type: 'startStream', startVlsn: -1n })).toMatchObject(refused);
    const request: SyncupMessage = { type: 'entryRequest', vlsn: 2n ** 63n - 1n };
    expect(after(request)).toMatchObject({ type: 'send', message: { type: 'entryNotFound' } });
    expect(after(...Array<SyncupMessage>(9).fill(request)).type).toBe('send');
    expect(after(...Array<SyncupMessage>(10).fill(request))).toMatchObject(refused);
    const start: SyncupMessage = { type: 'startStream', startVlsn: 3n };
    expect(after(request, start, request)).toMatchObject(refused);
    expect(after(request, start)).toMatchObject({ type: 'done' });
  });

  it('no sequence of messages makes either machine throw', () => {
    const vlsn = fc.oneof(fc.bigInt(-3n, 12n), fc.constant(2n ** 63n - 1n));
    const body = {
      vlsn,
      lsn: fc.bigInt(0n, 9n),
      fingerprint: fc.bigInt(0n, 3n),
      isSync: fc.boolean(),
    };
    const message: fc.Arbitrary<SyncupMessage> = fc.oneof(
      fc.record({ type: fc.constant('entry' as const), ...body }),
      fc.record({ type: fc.constant('alternateMatchpoint' as const), ...body }),
      fc.constant({ type: 'entryNotFound' as const }),
      fc.record({ type: fc.constant('entryRequest' as const), vlsn }),
      fc.record({ type: fc.constant('startStream' as const), startVlsn: vlsn }),
      fc.constant({ type: 'restoreResponse' as const }),
      fc.record({ type: fc.constant('restoreRequest' as const), failedVlsn: vlsn }),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), fc.constantFrom(1, 4), (sent, flight) => {
        const replica = new ReplicaSyncup({ range, chained: false, now: 0, flight });
        const feeder = new FeederSyncup({ now: 0 });
        const drain = (): void => {
          for (let next = replica.poll(); next; next = replica.poll()) {
            if (next.type === 'lookup') {
              replica.lookedUp(
                next.at.map((at) => (at < 1n ? undefined : { ...entry, vlsn: at < 9n ? at : 9n })),
                0,
              );
            } else if (next.type === 'passed') {
              replica.passed({ count: 0, durable: 0, vlsns: [] }, 0);
            } else if (next.type === 'plan') replica.proceed();
            else if (next.type === 'failed') expect(next.error).toBeInstanceOf(SyncupError);
          }
          for (let next = feeder.poll(); next; next = feeder.poll()) {
            if (next.type === 'lookup') feeder.lookedUp({ entry, alternate: undefined }, 0);
          }
        };
        drain();
        for (const one of sent) {
          replica.receive(one, 0);
          feeder.receive(one, 0);
          drain();
        }
      }),
      { numRuns: 1000 },
    );
  });
});
