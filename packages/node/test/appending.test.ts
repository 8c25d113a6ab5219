import { MemoryLog } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import { fixedLeader, type NodeOptions, type ShoalNode } from '../src/index.ts';
import { batch, commits, record, replication, start } from './nodes.test-helper.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

/** A leader b whose two followers are gone. It takes a long time to notice unless told otherwise. */
async function withoutMajority(
  own: NodeOptions['replication'] = {},
): Promise<AsyncDisposable & { readonly b: ShoalNode }> {
  const patient = { electionTimeout: { min: 60_000, max: 60_000 } };
  const voters = ['b', 'c', 'd'];
  const options = { voters, leadership: fixedLeader('b') };
  const b = await start('b', {
    ...options,
    log: new MemoryLog(),
    replication: { ...replication, elections: patient, ...own },
  });
  const others = await Promise.all(
    ['c', 'd'].map((name) => start(name, { ...options, log: new MemoryLog(), seeds: [b.address] })),
  );
  await b.until(() => b.role === 'leader');
  await b.append(commits(1), { acks: 3 });
  await Promise.all(others.map((node) => node.close()));
  return { b, [Symbol.asyncDispose]: () => b.close() };
}

describe('appending', () => {
  it('to a log that is full is refused, and the leader leads on', async () => {
    await using a = await start('a', { log: new MemoryLog({ maxBytes: 5000 }), voters: ['a'] });
    await a.until(() => a.role === 'leader');
    const events = record(a);
    const big = [{ type: 1, payload: new Uint8Array(1000) }];
    // At once, what is under way may be counted twice, so that the log itself never refuses.
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => a.append(big)));
    const reasons = results.flatMap((result) =>
      result.status === 'rejected' ? result.reason : [],
    );
    expect(reasons.length).toBeGreaterThanOrEqual(4);
    for (let kept = 8 - reasons.length; kept < 4; kept++) await a.append(big);
    for (const reason of reasons) expect(reason).toEqual(code('full'));
    await expect(a.append(big)).rejects.toEqual(code('full'));
    expect(a.role).toBe('leader');
    // What fits is still appended.
    await a.append(commits(1));
    expect(events.filter(({ type }) => type === 'steppedDown')).toEqual([]);
  });

  it('reports an archive that the log gave up for its limit', async () => {
    const log = new MemoryLog({ maxArchiveBytes: 1 });
    await using a = await start('a', { log, voters: ['a'] });
    const events = record(a);
    for (let i = 0; i < 2; i++) {
      await log.append(commits(1));
      await log.rollback(0n, 'by hand');
    }
    await a.until(() => events.some(({ type }) => type === 'logLimit'));
    expect(events.find(({ type }) => type === 'logLimit')).toMatchObject({
      report: { type: 'archiveDropped', id: '1', reason: 'by hand' },
    });
  });

  it('refuses a batch without a final commit, or with an invalid type or payload', async () => {
    await using a = await start('a', { log: new MemoryLog(), voters: ['a'] });
    await a.until(() => a.role === 'leader');
    const payload = new Uint8Array(1);
    for (const wrong of [
      [],
      [{ type: 0, payload }],
      [{ type: 3, payload }],
      [
        { type: 3, payload },
        { type: 1, payload },
      ],
      [
        { type: 256, payload },
        { type: 1, payload },
      ],
      [{ type: 1, payload: 'text' as unknown as Uint8Array }],
    ]) {
      await expect(a.append(wrong)).rejects.toEqual(code('argument'));
    }
    for (const acks of [0, 2, 0.5]) {
      await expect(a.append(commits(1), { acks })).rejects.toEqual(code('argument'));
    }
    expect(JSON.parse(JSON.stringify(a.stats()))).toMatchObject({
      role: 'leader',
      term: '1048576',
    });
    // The log is unchanged.
    expect(a.log!.range.last).toBe(1n);
    expect(await a.append(batch(2))).toMatchObject({ first: 2n, last: 3n });
  });

  it('stops waiting for a majority at its timeout, its signal, and when the node leaves', async () => {
    const seen: string[] = [];
    await using a = await start('a', { log: new MemoryLog(), voters: ['a'], replication: {} });
    a.on('failed', ({ error }) => seen.push(error.message));
    await a.until(() => a.role === 'leader');
    await a.leave();
    await expect(a.append(commits(1))).rejects.toEqual(code('closed'));
    expect(seen).toEqual([]);

    await using nodes = await withoutMajority();
    const { b } = nodes;
    await expect(b.append(commits(1), { timeout: 20 })).rejects.toEqual(code('timeout'));
    const stop = new AbortController();
    const waiting = b.append(commits(1), { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(b.append(commits(1), { acks: 1 })).resolves.toMatchObject({ last: 5n });
    const left = expect(b.append(commits(1))).rejects.toEqual(code('closed'));
    await b.leave();
    await left;
  });

  it('is refused with overload while too many entries wait for acknowledgements', async () => {
    await using nodes = await withoutMajority({ maxPendingEntries: 3 });
    const { b } = nodes;
    const waiting = expect(b.append(batch(3))).rejects.toEqual(code('closed'));
    expect(b.stats().pendingEntries).toBe(3);
    await expect(b.append(commits(1))).rejects.toEqual(code('overload'));
    await b.close();
    await waiting;
  });

  it('ends when the leader has heard no majority for a while', async () => {
    await using nodes = await withoutMajority({ elections: replication.elections });
    const { b } = nodes;
    await expect(b.append(commits(1))).rejects.toMatchObject({
      code: 'fenced',
      message: expect.stringContaining('no majority of the voters has answered'),
    });
    expect(b.role).toBe('member');
    await expect(b.append(commits(1))).rejects.toEqual(code('not-leader'));
  });

  it('a log that fails ends the leadership and is reported', async () => {
    const log = new MemoryLog();
    await using a = await start('a', { log, voters: ['a'] });
    const failed = new Promise<unknown>((resolve) => a.on('failed', resolve));
    await a.until(() => a.role === 'leader');
    await log[Symbol.asyncDispose]();
    await expect(a.append(commits(1))).rejects.toEqual(code('log'));
    expect(await failed).toMatchObject({ error: { code: 'log' } });
    await a.until(() => a.role === 'member');
  });
});
