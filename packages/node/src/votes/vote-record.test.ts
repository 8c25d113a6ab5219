import { MemoryLog } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import { decodeVote, encodeVote, VoteRecord } from './vote-record.ts';

const newId = (): string => '0123456789abcdef'.repeat(2);
const code = (value: string): unknown => expect.objectContaining({ code: value });

describe('the vote of a node', () => {
  it('is kept in its log with the id of that store, and never goes down', async () => {
    const { notes } = new MemoryLog();
    const first = await VoteRecord.open({ notes, logTerm: 0n, newId });
    expect([first.storeId, first.term]).toEqual([newId(), 0n]);
    await first.store(7n);
    await first.store(5n);
    const other = (): string => 'f'.repeat(32);
    const second = await VoteRecord.open({ notes, logTerm: 7n, newId: other });
    expect([second.storeId, second.term]).toEqual([newId(), 7n]);
    await second.reset(3n);
    expect((await VoteRecord.open({ notes, logTerm: 0n, newId })).term).toBe(3n);
  });

  it('that is older than the log, or missing, is corrupt', async () => {
    const { notes } = new MemoryLog();
    await expect(VoteRecord.open({ notes, logTerm: 1n, newId })).rejects.toEqual(code('corrupt'));
    await (await VoteRecord.open({ notes, logTerm: 0n, newId })).store(7n);
    await expect(VoteRecord.open({ notes, logTerm: 8n, newId })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('entries of term 0.8, but a vote in term 0.7: remove this'),
    });
  });

  it('is not raised if it cannot be written', async () => {
    const { notes } = new MemoryLog();
    let isFull = false;
    const disk = {
      get: notes.get,
      set: (name: string, value: Uint8Array) =>
        isFull ? Promise.reject(new Error('full')) : notes.set(name, value),
    };
    const votes = await VoteRecord.open({ notes: disk, logTerm: 0n, newId });
    isFull = true;
    await expect(votes.store(2n)).rejects.toThrow('full');
    expect(votes.term).toBe(0n);
    isFull = false;
    await votes.store(2n);
    expect(votes.term).toBe(2n);
  });

  it('of a later release is told apart from a damaged one', () => {
    const bytes = encodeVote({ storeId: newId(), term: 0x0102n });
    expect(decodeVote(bytes)).toEqual({ storeId: newId(), term: 0x0102n });
    expect(() => decodeVote(Uint8Array.of(2, ...bytes.slice(1)))).toThrow(code('version') as Error);
    expect(() => decodeVote(bytes.slice(1))).toThrow(code('corrupt') as Error);
    expect(() => decodeVote(new Uint8Array(0))).toThrow(code('corrupt') as Error);
    expect(() => decodeVote(Uint8Array.of(...bytes, 0))).toThrow(code('corrupt') as Error);
  });
});
