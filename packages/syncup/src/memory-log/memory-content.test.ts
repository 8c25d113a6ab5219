import { encodeEntries } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commit, commits, contents, logOf } from '../../test/log.test-helper.ts';
import { ChainedFingerprint } from '../fingerprint/fingerprint.ts';
import { MemoryLog } from './memory-log.ts';

describe('encoded entries of a MemoryLog', () => {
  /** Copies a log through its encoded access, as a stream does. */
  async function copied(
    source: MemoryLog,
    maxEntries: number,
    maxBytes: number,
  ): Promise<MemoryLog> {
    const copy = new MemoryLog();
    const chain = new ChainedFingerprint();
    for await (const batch of source.encoded!.read(1n, { maxEntries, maxBytes })) {
      const { firstVlsn, count, fingerprint } = batch;
      expect(firstVlsn).toBe(copy.range.last + 1n);
      const fingerprints = chain.all(batch.bytes, count)!;
      expect(source.entry(firstVlsn + BigInt(count - 1))!.fingerprint).toBe(fingerprint);
      await copy.encoded!.append([{ count, bytes: batch.bytes, fingerprints }]);
      expect(copy.entry(copy.range.last)!.fingerprint).toBe(fingerprint);
      if (copy.range.last === source.range.last) break;
    }
    return copy;
  }

  it('copy a log, whatever its history and the sizes of batches', async () => {
    const entry = fc.record({
      type: fc.nat(2),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        fc.uint8Array({ minLength: 500, maxLength: 900 }),
      ),
    });
    const step = fc.record({ entries: fc.array(entry, { maxLength: 8 }), back: fc.nat(4) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 2000 }),
        async (steps, maxEntries, maxBytes) => {
          const source = new MemoryLog();
          for (const { entries, back } of steps) {
            await source.append(entries);
            const to = Math.max(0, Number(source.range.last) - back);
            await source.rollback(BigInt(to), 'test');
          }
          await source.append([commit('end')]);
          const copy = await copied(source, maxEntries, maxBytes);
          expect(await contents(copy)).toEqual(await contents(source));
          expect(copy.digest()).toBe(source.digest());
          expect(copy.range).toEqual(source.range);
          // What was taken over goes on like what was appended.
          await copy.append(commits(3));
          await source.append(commits(3));
          const tail = await copied(copy, 4, 100);
          await copy.trimHead(copy.range.last - 1n);
          expect(await contents(tail)).toEqual(await contents(source));
          expect(copy.entry(copy.range.last)).toEqual(source.entry(source.range.last));
        },
      ),
    );
  });

  it('are kept without a copy if they are most of their buffer, else copied', async () => {
    const log = new MemoryLog();
    const chain = new ChainedFingerprint();
    const place = async (buffer: ArrayBuffer, offset: number, text: string): Promise<boolean> => {
      const encoded = encodeEntries([commit(text)]);
      const view = new Uint8Array(buffer, offset, encoded.length);
      view.set(encoded);
      const fingerprints = chain.all(view, 1)!;
      await log.encoded!.append([{ count: 1, bytes: view, fingerprints }]);
      const { value } = await log.read(log.range.last).next();
      expect(new TextDecoder().decode(value![0]!.payload)).toBe(text);
      return value![0]!.payload.buffer === buffer;
    };
    const buffer = new ArrayBuffer(4096);
    expect(await place(buffer, 1, 'x'.repeat(600))).toBe(true);
    expect(await place(buffer, 1000, 'y'.repeat(600))).toBe(true);
    expect(await place(buffer, 2000, 'short')).toBe(false);
    expect(await place(new ArrayBuffer(1 << 20), 0, 'z'.repeat(600))).toBe(false);
    expect(await place(new ArrayBuffer(1 << 20), 0, 'z'.repeat(9000))).toBe(true);
    expect((await contents(log)).length).toBe(5);
  });

  it('are refused if they do not follow, or are no entries; the log is unchanged', async () => {
    const log = await logOf(commits(2));
    const bytes = encodeEntries([commit('c')]);
    const fresh = new ChainedFingerprint().all(bytes, 1)!;
    const chain = new ChainedFingerprint();
    for (const { type, payload } of commits(2)) chain.next(type, payload);
    const right = chain.all(bytes, 1)!;
    const good = { count: 1, bytes, fingerprints: right };
    for (const batches of [
      [{ count: 1, bytes, fingerprints: fresh }],
      [good, good],
      [{ ...good, count: 2 }],
      [{ ...good, bytes: bytes.subarray(1) }],
      [{ ...good, fingerprints: right.subarray(0, 2) }],
    ]) {
      await expect(log.encoded!.append(batches)).rejects.toThrow(
        expect.objectContaining({ code: 'argument' }),
      );
      expect(log.range.last).toBe(2n);
    }
    await log.encoded!.append([good]);
    expect(await contents(log)).toEqual(['1:1:c1', '2:1:c2', '3:1:c']);
    expect(new MemoryLog({ fingerprint: 'noxu' }).encoded).toBeUndefined();
  });
});
