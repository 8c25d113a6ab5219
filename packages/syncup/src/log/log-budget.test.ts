import { describe, expect, it } from 'vitest';
import { MemoryLog } from '../memory-log/memory-log.ts';
import { LogBudget } from './log-budget.ts';
import type { LogReport } from './log-store.ts';

describe('LogBudget', () => {
  it('reports a full log once, until there was room', () => {
    const budget = new LogBudget({ maxBytes: 100 }, 1);
    const reports: LogReport[] = [];
    const stop = budget.onReport((report) => reports.push(report));
    const full = expect.objectContaining({ code: 'full' });
    for (let i = 0; i < 3; i++) expect(() => budget.checkRoom(95, 6)).toThrow(full);
    expect(reports).toEqual([{ type: 'full', bytes: 95, maxBytes: 100 }]);
    budget.checkRoom(90, 10);
    expect(() => budget.checkRoom(100, 1)).toThrow(full);
    expect(reports).toHaveLength(2);
    stop();
    budget.checkRoom(0, 1);
    expect(() => budget.checkRoom(100, 1)).toThrow(full);
    expect(reports).toHaveLength(2);
  });

  it('gives up the oldest archives, and never the latest', () => {
    const budget = new LogBudget({ maxArchiveBytes: 10 }, 1);
    const archives = [{ bytes: 4 }, { bytes: 5 }, { bytes: 3 }, { bytes: 3 }];
    expect(budget.excess(archives)).toEqual(archives.slice(0, 2));
    expect(budget.excess([{ bytes: 50 }])).toEqual([]);
  });

  it('takes numbers of at least 1, or no limit', () => {
    const argument = expect.objectContaining({ code: 'argument' });
    for (const value of [0, -1, Number.NaN, '5' as never]) {
      expect(() => new MemoryLog({ maxBytes: value })).toThrow(argument);
      expect(() => new MemoryLog({ maxArchiveBytes: value })).toThrow(argument);
    }
    expect(new MemoryLog({ maxBytes: Number.POSITIVE_INFINITY }).room).toBeUndefined();
  });
});
