import { encodeEntries } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { archived, bytes, commit, commits, contents, data } from '../../test/log.test-helper.ts';
import { ChainedFingerprint } from '../fingerprint/fingerprint.ts';
import { MemoryLog } from './memory-log.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

async function filled(...entries: Parameters<MemoryLog['append']>[0][]): Promise<MemoryLog> {
  const log = new MemoryLog();
  for (const batch of entries) await log.append(batch);
  return log;
}

async function* inPieces(log: MemoryLog, size: number): AsyncGenerator<Uint8Array> {
  const snapshot = await log.exportSnapshot();
  for await (const chunk of snapshot.chunks()) {
    for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
  }
}

describe('MemoryLog', () => {
  it('behaves like an array of entries under any sequence of operations', async () => {
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ op: fc.constant('append' as const), n: fc.nat(90) }) },
      fc.record({ op: fc.constant('rollback' as const), n: fc.nat(200) }),
      fc.record({ op: fc.constant('trim' as const), n: fc.nat(200) }),
      fc.record({ op: fc.constant('import' as const), n: fc.nat(3000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 15 }), fc.nat(5000), async (steps, pad) => {
        let log = new MemoryLog();
        let model: { vlsn: number; type: number; text: string }[] = [];
        let next = 1;
        let counter = 0;
        for (const { op, n } of steps) {
          const first = model[0]?.vlsn ?? next;
          if (op === 'append') {
            const added = Array.from({ length: n }, () => {
              counter++;
              return { type: counter % 3, text: 'x'.repeat(counter % (pad + 1)) + counter };
            });
            await log.append(added.map(({ type, text }) => ({ type, payload: bytes(text) })));
            for (const entry of added) model.push({ vlsn: next++, ...entry });
          } else if (op === 'rollback') {
            const to = first - 1 + (n % (next - first + 1));
            const archive = await log.rollback(BigInt(to), 'test');
            const cut = model.filter((entry) => entry.vlsn > to);
            expect(await archived(archive)).toEqual(
              cut.map((entry) => `${entry.vlsn}:${entry.type}:${entry.text}`),
            );
            model = model.filter((entry) => entry.vlsn <= to);
            next = to + 1;
          } else if (op === 'trim') {
            const before = first + (n % (model.length + 2));
            await log.trimHead(BigInt(before));
            if (model.length > 0) {
              const limit = Math.min(before, next - 1);
              model = model.filter((entry) => entry.vlsn >= limit);
            }
          } else {
            const copy = new MemoryLog();
            await copy.importSnapshot(inPieces(log, n + 1));
            expect(copy.digest()).toBe(log.digest());
            log = copy;
          }
        }
        expect(await contents(log)).toEqual(
          model.map((entry) => `${entry.vlsn}:${entry.type}:${entry.text}`),
        );
        const syncs = model.filter((entry) => entry.type > 0).map((entry) => entry.vlsn);
        expect(log.range).toMatchObject({
          first: BigInt(model[0]?.vlsn ?? 0),
          last: BigInt(next - 1),
          lastSync: BigInt(syncs.at(-1) ?? 0),
          lastTxnEnd: BigInt(syncs.at(-1) ?? 0),
        });
        for (const vlsn of [0, 1, next >> 1, next - 1, next]) {
          const at = syncs.filter((sync) => sync <= vlsn).at(-1);
          expect(log.syncAtOrBefore(BigInt(vlsn))?.vlsn).toBe(at && BigInt(at));
          const passed = syncs.filter((sync) => sync > vlsn);
          expect(log.passedTransactions(BigInt(vlsn))).toEqual({
            count: passed.length,
            durable: 0,
            vlsns: passed.slice(0, 1000).map(BigInt),
          });
          expect(log.entry(BigInt(vlsn)) !== undefined).toBe(
            model.some((entry) => entry.vlsn === vlsn),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives equal logs equal LSNs and fingerprints, also after a rollback', async () => {
    const straight = await filled(commits(20));
    const bent = await filled(commits(15), commits(9, 'other'));
    await bent.rollback(15n, 'test');
    await bent.append(commits(5, 'c', 16));
    for (let vlsn = 1n; vlsn <= 20n; vlsn++) expect(bent.entry(vlsn)).toEqual(straight.entry(vlsn));
    expect(bent.digest()).toBe(straight.digest());
    const other = await filled(commits(1, 'z'), commits(19, 'c', 2));
    expect(other.entry(20n)!.fingerprint).not.toBe(straight.entry(20n)!.fingerprint);
    expect(other.digest()).not.toBe(straight.digest());
  });

  it('follows the tail until its signal fires', async () => {
    const log = await filled(commits(3));
    const stop = new AbortController();
    const seen: bigint[] = [];
    const reading = (async () => {
      for await (const batch of log.read(2n, { signal: stop.signal })) {
        seen.push(...batch.map((entry) => entry.vlsn));
        if (seen.length === 2) await log.append(commits(2));
        else stop.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(seen).toEqual([2n, 3n, 4n, 5n]);
  });

  it('hands on batches within the limits, but always an entry', async () => {
    const log = await filled([commit('x'.repeat(100)), commit('y'), commit('z'), commit('w')]);
    const sizes: number[] = [];
    for await (const batch of log.read(1n, { maxBytes: 2, maxEntries: 2 })) {
      sizes.push(batch.length);
      if (batch.at(-1)!.vlsn === 4n) break;
    }
    expect(sizes).toEqual([1, 2, 1]);
  });

  it.each([{ maxEntries: 0 }, { maxEntries: 0.5 }, { maxEntries: Number.NaN }, { maxBytes: -1 }])(
    'refuses the limits %j',
    async (limits) => {
      const log = await filled(commits(3));
      await expect(log.read(1n, limits).next()).rejects.toThrow(code('argument'));
      await expect(log.encoded!.read(1n, limits)[Symbol.asyncIterator]().next()).rejects.toThrow(
        code('argument'),
      );
    },
  );

  it('tells a reader that entries were cut off or trimmed under it', async () => {
    const cut = await filled(commits(5));
    const reader = cut.read(1n)[Symbol.asyncIterator]();
    await reader.next();
    await cut.rollback(3n, 'test');
    await cut.append(commits(4, 'new'));
    await expect(reader.next()).rejects.toThrow(code('rolled-back'));

    const trimmed = await filled(commits(5));
    const late = trimmed.read(1n, { maxEntries: 1 })[Symbol.asyncIterator]();
    await late.next();
    await trimmed.trimHead(4n);
    await expect(late.next()).rejects.toThrow(code('trimmed'));

    const untouched = await filled(commits(5));
    const fine = untouched.read(1n, { maxEntries: 3 })[Symbol.asyncIterator]();
    await fine.next();
    await untouched.rollback(3n, 'test');
    await untouched.append([commit('d')]);
    expect((await fine.next()).value).toMatchObject([{ vlsn: 4n }]);
  });

  it('keeps what is retained', async () => {
    const log = await filled(commits(10));
    const retention = log.retain(4n);
    expect(await log.trimHead(8n)).toBe(4n);
    retention.advance(6n);
    expect(await log.trimHead(8n)).toBe(6n);
    retention[Symbol.dispose]();
    retention[Symbol.dispose]();
    expect(await log.trimHead(99n)).toBe(10n);
  });

  it('leaves views of payloads right after a rollback', async () => {
    const log = await filled(commits(3, 'old'));
    const batch = (await log.read(1n)[Symbol.asyncIterator]().next()).value!;
    await log.rollback(1n, 'test');
    await log.append(commits(2, 'NEW'));
    expect(new TextDecoder().decode(batch[2]!.payload)).toBe('old3');
  });

  it('keeps archives until they are deleted, and none for an empty tail', async () => {
    const log = await filled(commits(5));
    await log.rollback(5n, 'nothing');
    const archive = await log.rollback(3n, 'diverged');
    expect(archive).toMatchObject({ reason: 'diverged', matchpoint: 3n, first: 4n, last: 5n });
    const ids: string[] = [];
    for await (const { id } of log.archives()) ids.push(id);
    expect(ids).toEqual([archive.id]);
    expect(await log.deleteArchive(archive.id)).toBe(true);
    expect(await log.deleteArchive(archive.id)).toBe(false);
  });

  it('counts durable transactions, never beyond what is held', async () => {
    const log = await filled([...commits(4), data('d'), commit('e')]);
    log.noteDurable(3n);
    log.noteDurable(2n);
    expect(log.range.durable).toBe(3n);
    expect(log.passedTransactions(1n)).toEqual({ count: 4, durable: 2, vlsns: [2n, 3n, 4n, 6n] });
    log.noteDurable(100n);
    expect(log.range.durable).toBe(6n);
    await log.rollback(2n, 'test');
    expect(log.range.durable).toBe(2n);
  });

  it('refuses what it cannot do, and is as before', async () => {
    const log = await filled(commits(5));
    const before = log.digest();
    await expect(log.append([commit('a'), { type: 256, payload: bytes('') }])).rejects.toThrow(
      code('argument'),
    );
    await expect(log.rollback(6n, 'x')).rejects.toThrow(code('argument'));
    await expect(log.rollback(-1n, 'x')).rejects.toThrow(code('argument'));
    await expect(log.read(7n)[Symbol.asyncIterator]().next()).rejects.toThrow(code('argument'));
    await expect(log.read(0n)[Symbol.asyncIterator]().next()).rejects.toThrow(code('argument'));
    expect(log.digest()).toBe(before);
    const waiting = log.read(6n)[Symbol.asyncIterator]().next();
    await log[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow(code('closed'));
    await expect(log.append([])).rejects.toThrow(code('closed'));
  });
});

describe('snapshots of a MemoryLog', () => {
  it('are as long as they say, and can be read from any offset', async () => {
    const log = await filled(commits(50), [data('x'.repeat(200_000))], commits(3));
    const snapshot = await log.exportSnapshot();
    await log.append(commits(4, 'later'));
    const read = async (offset: number): Promise<Uint8Array> => {
      const parts: Uint8Array[] = [];
      for await (const chunk of snapshot.chunks(offset)) parts.push(chunk);
      return new Uint8Array(Buffer.concat(parts));
    };
    const whole = await read(0);
    expect(whole.length).toBe(snapshot.size);
    for (const offset of [1, 47, 48, 49, 60, 100, 150_000, whole.length - 8, whole.length - 1]) {
      expect(Buffer.compare(await read(offset), whole.subarray(offset))).toBe(0);
    }
    await expect(read(whole.length + 1)).rejects.toThrow(code('argument'));
    await snapshot[Symbol.asyncDispose]();
    await expect(read(0)).rejects.toThrow(code('closed'));
  });

  it('refused when damaged anywhere, cut or too long; the log is as before', async () => {
    const source = await filled(commits(10));
    const chunks: Uint8Array[] = [];
    for await (const chunk of inPieces(source, 1 << 20)) chunks.push(chunk);
    const good = new Uint8Array(Buffer.concat(chunks));
    const target = await filled(commits(3, 'mine'));
    const before = target.digest();
    async function* of(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    // Reserved bits that would matter, the range, the base and every entry; not the LSN, which
    // nothing in a snapshot proves, nor what is durable.
    const unproven = (at: number): boolean => (at >= 24 && at < 32) || (at >= 40 && at < 48);
    for (let at = 0; at < good.length; at++) {
      if (unproven(at)) continue;
      const damaged = good.slice();
      damaged[at]! ^= 0x55;
      await expect(target.importSnapshot(of(damaged)), `byte ${at}`).rejects.toThrow(
        code('snapshot'),
      );
    }
    for (const length of [0, 5, 48, good.length - 1]) {
      await expect(target.importSnapshot(of(good.subarray(0, length)))).rejects.toThrow(
        code('snapshot'),
      );
    }
    const longer = new Uint8Array([...good, 0]);
    await expect(target.importSnapshot(of(longer))).rejects.toThrow(code('snapshot'));
    expect(target.digest()).toBe(before);
    await target.importSnapshot(of(good));
    expect(target.digest()).toBe(source.digest());
    for await (const archive of target.archives()) {
      expect(await archived(archive)).toEqual(['1:1:mine1', '2:1:mine2', '3:1:mine3']);
    }
  });
});

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

  it('carry a log over, whatever happened to it and however they are cut', async () => {
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

  it('are kept without a copy when they are most of their buffer, and copied otherwise', async () => {
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

  it('are refused when they do not follow, or are no entries; the log is as before', async () => {
    const log = await filled(commits(2));
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
