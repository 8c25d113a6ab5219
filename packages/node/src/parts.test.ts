import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLog } from '@shoal/syncup';
import { afterAll, describe, expect, it } from 'vitest';
import { commits } from '../test/nodes.test-helper.ts';
import { EventHub } from './event-hub.ts';
import { fixedLeader, manualLeader } from './leadership/leadership.ts';
import { TermMarks, termMark } from './replication/term-marks.ts';
import { fileVoteStore } from './votes/file-vote-store.ts';
import { memoryVoteStore, VoteRecord } from './votes/vote-store.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

describe('the stored promise', () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-term-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('is 0 at first, and what was written last after that', async () => {
    const path = join(directory, 'new', 'term');
    expect(await fileVoteStore(path).read()).toBe(0n);
    await fileVoteStore(path).write(5n);
    await fileVoteStore(path).write((1n << 64n) - 1n);
    expect(await fileVoteStore(path).read()).toBe((1n << 64n) - 1n);
    expect(readFileSync(path).length).toBe(17);
  });

  it('that is damaged is not taken for none', async () => {
    const path = join(directory, 'damaged');
    await fileVoteStore(path).write(77n);
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      writeFileSync(path, bad);
      await expect(fileVoteStore(path).read()).rejects.toEqual(code('corrupt'));
      writeFileSync(path, good.subarray(0, at));
      await expect(fileVoteStore(path).read()).rejects.toEqual(code('corrupt'));
    }
  });

  it('says why when the disk refuses', async () => {
    await expect(fileVoteStore('/dev/null/term').write(1n)).rejects.toEqual(code('log'));
  });

  it('holds at once, and is confirmed when it is written; writes never go down', async () => {
    const writes: [bigint, () => void][] = [];
    const store = {
      ...memoryVoteStore(),
      write: (term: bigint) => new Promise<void>((resolve) => writes.push([term, resolve])),
    };
    const record = new VoteRecord(store, 3n);
    const done: bigint[] = [];
    for (const term of [5n, 9n, 4n]) void record.raise(term).then(() => done.push(term));
    expect(record.votedTerm).toBe(9n);
    await Promise.resolve();
    expect(writes.map(([term]) => term)).toEqual([5n]);
    writes[0]![1]();
    await new Promise((resolve) => setTimeout(resolve));
    expect(done).toEqual([5n, 4n]);
    expect(writes.map(([term]) => term)).toEqual([5n, 9n]);
    writes[1]![1]();
    await record.raise(9n);
    expect(writes.length).toBe(2);
  });
});

describe('the marks of a log', () => {
  it('are found from its end, however far back', async () => {
    const log = new MemoryLog();
    await log.append([termMark(7n), ...commits(5000)]);
    const marks = await TermMarks.open(log);
    expect(marks.position).toEqual({ term: 7n, last: 5001n });
    expect((await TermMarks.open(new MemoryLog())).position).toEqual({ term: 0n, last: 0n });
  });

  it('follow a rollback, and are kept from trimming while one is not durable', async () => {
    const log = new MemoryLog();
    await log.append([...commits(10), termMark(1n), ...commits(10), termMark(2n), ...commits(10)]);
    log.noteDurable(15n);
    const marks = await TermMarks.open(log);
    expect(marks.position.term).toBe(2n);
    expect(await log.trimHead(30n)).toBe(11n);
    await log.rollback(15n, 'test');
    await marks.rolledBack(15n);
    expect(marks.position).toEqual({ term: 1n, last: 15n });
    await log.append([termMark(3n)]);
    marks.add(16n, 3n);
    log.noteDurable(16n);
    marks.settle();
    expect(await log.trimHead(30n)).toBe(16n);
    marks.close();
  });
});

describe('events', () => {
  it('are told to listeners until they stop, whatever others throw', async () => {
    const hub = new EventHub();
    const seen: unknown[] = [];
    const stop = new AbortController();
    const off = hub.on('role', (event) => seen.push(event.role));
    hub.on('role', (event) => seen.push(event.term), stop.signal);
    hub.emit('role', { role: 'leader', term: 1n });
    off();
    stop.abort();
    hub.emit('role', { role: 'member', term: 0n });
    expect(seen).toEqual(['leader', 1n]);
  });

  it('can be read as a stream, with a bound', async () => {
    const hub = new EventHub();
    const reader = hub.read(2);
    const slow = hub.read(1);
    for (const term of [1n, 2n]) hub.emit('campaign', { term });
    expect(await reader.next()).toMatchObject({ value: { type: 'campaign', term: 1n } });
    await expect(slow.next()).rejects.toEqual(code('overflow'));
    hub.end();
    expect(await reader.next()).toMatchObject({ value: { term: 2n } });
    expect(await reader.next()).toMatchObject({ done: true });
    expect(await hub.read(1).next()).toMatchObject({ done: true });
  });
});

describe('leaders', () => {
  it('have an epoch in its range', () => {
    for (const epoch of [-1n, 1n << 44n, 0.5, 2 ** 60]) {
      expect(() => fixedLeader('a', epoch)).toThrow(code('argument'));
      expect(() => manualLeader().choose('a', epoch)).toThrow(code('argument'));
    }
  });

  it('that are chosen by hand are told to all who ask, and end with the signal', async () => {
    const leader = manualLeader();
    const stop = new AbortController();
    const context = { name: 'a', canLead: true, signal: stop.signal };
    const seen: unknown[][] = [[], []];
    const watching = seen.map(async (into) => {
      for await (const choice of leader.choices(context)) into.push(choice);
    });
    leader.choose('a', 1);
    await Promise.resolve();
    leader.choose(undefined);
    await new Promise((resolve) => setTimeout(resolve));
    leader.choose('b', 2n);
    await new Promise((resolve) => setTimeout(resolve));
    stop.abort();
    await Promise.all(watching);
    for (const choices of seen) expect(choices.at(-1)).toEqual({ leader: 'b', epoch: 2n });
  });
});
