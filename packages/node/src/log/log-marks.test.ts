import { configurationOf } from '@shoal/consensus';
import { MemoryLog, SHOAL_ENTRY_KINDS, type StoredEntry } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import { LogMarks } from './log-marks.ts';
import { type ClusterOfLog, markEntry, markOf, TERM_ENTRY } from './mark-entry.ts';

const logId = 'ab'.repeat(16);
const storeId = (name: string): string => name.repeat(32);
const cluster = (...names: string[]): ClusterOfLog => ({
  logId,
  configuration: configurationOf(names.map((name) => ({ name, storeId: storeId(name) }))),
});
const commit = { type: 1, payload: new Uint8Array(1) };
const data = { type: 0, payload: new Uint8Array(1) };

async function stored(log: MemoryLog, from: bigint): Promise<StoredEntry[]> {
  const found: StoredEntry[] = [];
  for await (const batch of log.read(from)) {
    found.push(...batch);
    if (batch.at(-1)!.vlsn === log.range.last) break;
  }
  return found;
}

describe('a mark', () => {
  it('is an entry that says the term, the log and who votes', () => {
    const mark = { term: 0x0102n, cluster: cluster('a', 'b') };
    const entry = markEntry(mark);
    expect(entry.type).toBe(TERM_ENTRY);
    expect(Buffer.from(entry.payload).toString('hex')).toBe(
      `0201000000000000 01 ${logId} 02 0161 ${'aa'.repeat(16)} 0162 ${'bb'.repeat(16)}`.replaceAll(
        ' ',
        '',
      ),
    );
    expect(markOf(entry)).toEqual(mark);
    expect(markOf(markEntry({ term: 5n, cluster: undefined }))).toEqual({ term: 5n });
  });

  it('is no entry of another type, and nothing malformed', () => {
    const { payload } = markEntry({ term: 1n, cluster: cluster('a', 'b') });
    expect(markOf({ type: 1, payload })).toBeUndefined();
    for (let length = 0; length < payload.length; length++) {
      const found = markOf({ type: TERM_ENTRY, payload: payload.subarray(0, length) });
      expect(found?.cluster, String(length)).toBeUndefined();
      if (length !== 8) expect(found, String(length)).toBeUndefined();
    }
    const later = payload.slice();
    later[8] = 2;
    expect(markOf({ type: TERM_ENTRY, payload: later })).toBeUndefined();
    expect(markOf({ type: TERM_ENTRY, payload: Uint8Array.of(...payload, 0) })).toBeUndefined();
  });
});

describe('the marks of a log', () => {
  it('tell where it ends, and who votes, after appends, rollbacks and a new start', async () => {
    const log = new MemoryLog();
    const marks = await LogMarks.open(log, SHOAL_ENTRY_KINDS);
    expect(marks.view()).toMatchObject({ id: undefined, last: 0n, batchEnds: [], marks: [] });
    await log.append([
      markEntry({ term: 3n, cluster: cluster('a') }),
      data,
      commit,
      markEntry({ term: 5n, cluster: cluster('a', 'b') }),
      data,
    ]);
    const tail = marks.note(await stored(log, 1n));
    expect(tail).toMatchObject({
      last: 5n,
      batchEnds: [1n, 3n, 4n],
      marks: [
        { index: 1n, term: 3n },
        { index: 4n, term: 5n },
      ],
    });
    for (const one of [marks, await LogMarks.open(log, SHOAL_ENTRY_KINDS)]) {
      expect(one.position).toEqual({ term: 5n, index: 5n });
      expect(one.cluster).toEqual(cluster('a', 'b'));
      const { id, last, synced, batchEnds, configurations } = one.view();
      expect([id, last, synced, batchEnds]).toEqual([logId, 5n, 5n, [4n]]);
      expect(configurations.map(({ index }) => index)).toEqual([1n, 4n]);
    }
    await log.rollback(3n, 'test');
    await marks.rolledBack(3n);
    expect(marks.position).toEqual({ term: 3n, index: 3n });
    expect(marks.cluster).toEqual(cluster('a'));
    await log.rollback(0n, 'test');
    await marks.rolledBack(0n);
    expect(marks.position).toEqual({ term: 0n, index: 0n });
  });

  it('keep the last durable one in the log, and release those before it', async () => {
    const log = new MemoryLog();
    await log.append([markEntry({ term: 1n, cluster: cluster('a') }), commit]);
    await log.append([markEntry({ term: 2n, cluster: cluster('a') }), commit]);
    const marks = await LogMarks.open(log, SHOAL_ENTRY_KINDS);
    expect(await log.trimHead(4n)).toBe(1n);
    log.noteDurable(3n);
    marks.settle();
    expect(await log.trimHead(4n)).toBe(3n);
    expect(marks.position).toEqual({ term: 2n, index: 4n });
    marks.close();
    expect(await log.trimHead(4n)).toBe(4n);
  });

  it('are found far from the end of a long log', async () => {
    const log = new MemoryLog();
    await log.append([markEntry({ term: 1n, cluster: cluster('a') })]);
    for (let i = 0; i < 10; i++) await log.append(Array.from({ length: 1000 }, () => commit));
    const marks = await LogMarks.open(log, SHOAL_ENTRY_KINDS);
    expect(marks.position).toEqual({ term: 1n, index: 10_001n });
    expect(marks.lastMark).toBe(1n);
  });
});
