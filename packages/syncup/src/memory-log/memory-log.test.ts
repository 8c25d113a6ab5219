import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  archived,
  bytes,
  commit,
  commits,
  contents,
  data,
  inPieces,
  logOf,
} from '../../test/log.test-helper.ts';
import { MemoryLog } from './memory-log.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

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

  it('gives equal logs equal LSNs and fingerprints, even after a rollback', async () => {
    const straight = await logOf(commits(20));
    const bent = await logOf(commits(15), commits(9, 'other'));
    await bent.rollback(15n, 'test');
    await bent.append(commits(5, 'c', 16));
    for (let vlsn = 1n; vlsn <= 20n; vlsn++) expect(bent.entry(vlsn)).toEqual(straight.entry(vlsn));
    expect(bent.digest()).toBe(straight.digest());
    const other = await logOf(commits(1, 'z'), commits(19, 'c', 2));
    expect(other.entry(20n)!.fingerprint).not.toBe(straight.entry(20n)!.fingerprint);
    expect(other.digest()).not.toBe(straight.digest());
  });

  it('follows the tail until its signal fires', async () => {
    const log = await logOf(commits(3));
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

  it('returns batches within the limits, but always an entry', async () => {
    const log = await logOf([commit('x'.repeat(100)), commit('y'), commit('z'), commit('w')]);
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
      const log = await logOf(commits(3));
      await expect(log.read(1n, limits).next()).rejects.toThrow(code('argument'));
      await expect(log.encoded!.read(1n, limits)[Symbol.asyncIterator]().next()).rejects.toThrow(
        code('argument'),
      );
    },
  );

  it('ends a reader whose next entries were cut off or trimmed', async () => {
    const cut = await logOf(commits(5));
    const reader = cut.read(1n)[Symbol.asyncIterator]();
    await reader.next();
    await cut.rollback(3n, 'test');
    await cut.append(commits(4, 'new'));
    await expect(reader.next()).rejects.toThrow(code('rolled-back'));

    const trimmed = await logOf(commits(5));
    const late = trimmed.read(1n, { maxEntries: 1 })[Symbol.asyncIterator]();
    await late.next();
    await trimmed.trimHead(4n);
    await expect(late.next()).rejects.toThrow(code('trimmed'));

    const untouched = await logOf(commits(5));
    const fine = untouched.read(1n, { maxEntries: 3 })[Symbol.asyncIterator]();
    await fine.next();
    await untouched.rollback(3n, 'test');
    await untouched.append([commit('d')]);
    expect((await fine.next()).value).toMatchObject([{ vlsn: 4n }]);
  });

  it('keeps retained entries', async () => {
    const log = await logOf(commits(10));
    const retention = log.retain(4n);
    expect(await log.trimHead(8n)).toBe(4n);
    retention.advance(6n);
    expect(await log.trimHead(8n)).toBe(6n);
    retention[Symbol.dispose]();
    retention[Symbol.dispose]();
    expect(await log.trimHead(99n)).toBe(10n);
  });

  it('keeps views of payloads valid after a rollback', async () => {
    const log = await logOf(commits(3, 'old'));
    const batch = (await log.read(1n)[Symbol.asyncIterator]().next()).value!;
    await log.rollback(1n, 'test');
    await log.append(commits(2, 'NEW'));
    expect(new TextDecoder().decode(batch[2]!.payload)).toBe('old3');
  });

  it('keeps archives until they are deleted, and none for an empty tail', async () => {
    const log = await logOf(commits(5));
    await log.rollback(5n, 'nothing');
    const archive = await log.rollback(3n, 'diverged');
    expect(archive).toMatchObject({ reason: 'diverged', matchpoint: 3n, first: 4n, last: 5n });
    const ids: string[] = [];
    for await (const { id } of log.archives()) ids.push(id);
    expect(ids).toEqual([archive.id]);
    expect(await log.deleteArchive(archive.id)).toBe(true);
    expect(await log.deleteArchive(archive.id)).toBe(false);
  });

  it('counts durable transactions, never more than it holds', async () => {
    const log = await logOf([...commits(4), data('d'), commit('e')]);
    log.noteDurable(3n);
    log.noteDurable(2n);
    expect(log.range.durable).toBe(3n);
    expect(log.passedTransactions(1n)).toEqual({ count: 4, durable: 2, vlsns: [2n, 3n, 4n, 6n] });
    log.noteDurable(100n);
    expect(log.range.durable).toBe(6n);
    await log.rollback(2n, 'test');
    expect(log.range.durable).toBe(2n);
  });

  it('refuses invalid arguments, and is unchanged', async () => {
    const log = await logOf(commits(5));
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
