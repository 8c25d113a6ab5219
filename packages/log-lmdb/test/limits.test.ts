import { type LogReport, type LogStore, MemoryLog } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import { openLmdbLog } from '../src/open/open-lmdb-log.ts';
import { temporaryDirectories } from './directory.test-helper.ts';
import { code, commits, texts } from './log.test-helper.ts';

const directory = temporaryDirectories();

const logs: [string, (options: object) => Promise<LogStore>][] = [
  ['on disk', (options) => openLmdbLog({ path: directory(), ...options })],
  ['in memory', async (options) => new MemoryLog(options)],
];

/** What the log reports from now on. */
function reportsOf(log: LogStore): LogReport[] {
  const reports: LogReport[] = [];
  log.onReport!((report) => reports.push(report));
  return reports;
}

async function archiveIds(log: LogStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of log.archives()) ids.push(id);
  return ids;
}

describe.each(logs)('a log %s with a limit', (_, open) => {
  it('refuses what does not fit, loses nothing, and goes on once it is trimmed', async () => {
    await using log = await open({ maxBytes: 10_000 });
    const reports = reportsOf(log);
    expect(log.room).toBe(10_000);
    const payloads = commits(9, 995); // 1000 bytes each, with their headers
    await log.append(payloads);
    expect(log.room).toBe(1000);
    const more = commits(2, 995);
    await Promise.all([1, 2].map(() => expect(log.append(more)).rejects.toThrow(code('full'))));
    expect(reports).toEqual([{ type: 'full', bytes: 9000, maxBytes: 10_000 }]);
    await log.append(more.slice(1));
    expect([log.range.last, log.room]).toEqual([10n, 0]);
    await log.trimHead(10n);
    await log.append(more);
    expect(log.range.last).toBe(12n);
    await log.rollback(11n, 'room again');
    expect(log.range.last).toBe(11n);
  });

  it('refuses a snapshot that does not fit, and keeps what it holds', async () => {
    const source = new MemoryLog();
    await source.append(commits(20, 995));
    await using log = await open({ maxBytes: 10_000 });
    await log.append(commits(2));
    const before = await texts(log);
    const snapshot = await source.exportSnapshot();
    await expect(log.importSnapshot(snapshot.chunks())).rejects.toThrow(code('full'));
    expect(await texts(log)).toEqual(before);
    expect(await archiveIds(log)).toEqual([]);
  });

  it('deletes the oldest archives beyond the limit, never the latest, and reports them', async () => {
    await using log = await open({ maxArchiveBytes: 2500 });
    const reports = reportsOf(log);
    for (let i = 0; i < 4; i++) {
      await log.append(commits(1, 995));
      await log.rollback(0n, `diverged ${i}`);
    }
    expect(await archiveIds(log)).toEqual(['3', '4']);
    expect(reports).toEqual([
      expect.objectContaining({ type: 'archiveDropped', id: '1', reason: 'diverged 0' }),
      expect.objectContaining({
        type: 'archiveDropped',
        id: '2',
        bytes: 1000,
        first: 1n,
        last: 1n,
      }),
    ]);
    await log.append(commits(5, 995));
    await log.rollback(0n, 'longer than the limit');
    expect(await archiveIds(log)).toEqual(['5']);
  });
});

it('a log on disk counts what it held before it was opened', async () => {
  const path = directory();
  const log = await openLmdbLog({ path, maxBytes: 10_000 });
  await log.append(commits(9, 995));
  await log.trimHead(3n);
  await log.close();
  await using again = await openLmdbLog({ path, maxBytes: 10_000 });
  expect(again.room).toBe(3000);
});
