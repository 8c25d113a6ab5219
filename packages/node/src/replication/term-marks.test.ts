import { MemoryLog } from '@shoal/syncup';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commits } from '../../test/nodes.test-helper.ts';
import { markedTerm, TermMarks, termMark } from './term-marks.ts';

describe('TermMarks', () => {
  it('finds the marks from the end of the log, however far back', async () => {
    const log = new MemoryLog();
    await log.append([termMark(7n), ...commits(5000)]);
    const marks = await TermMarks.open(log);
    expect(marks.position).toEqual({ term: 7n, last: 5001n });
    expect((await TermMarks.open(new MemoryLog())).position).toEqual({ term: 0n, last: 0n });
  });

  it('follows a rollback, and retains marks while the last one is not durable', async () => {
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

it('an entry marks a term only if its type and length are those of a mark', () => {
  const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  fc.assert(fc.property(u64, (term) => markedTerm(termMark(term)) === term));
  expect(markedTerm({ type: 1, payload: new Uint8Array(8) })).toBeUndefined();
  expect(markedTerm({ type: 3, payload: new Uint8Array(7) })).toBeUndefined();
});
