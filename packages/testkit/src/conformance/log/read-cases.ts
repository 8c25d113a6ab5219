import type { StoredEntry } from '@shoal/syncup';
import { ChainedFingerprint } from '@shoal/syncup/internal';
import { check, checkEqual } from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { checkList, checkRefuses, checkSame, checkText, checkVlsn } from './log-checks.ts';
import { commit, commits, data, show } from './log-contents.ts';
import type { LogTestBed } from './log-test-bed.ts';

/** Reading, and following the tail. */
export const logReadCases: Cases<LogTestBed> = {
  'a reader follows the tail until its signal fires': async (bed) => {
    const log = await bed.filled(commits(3));
    const stop = new AbortController();
    const seen: string[] = [];
    const reason = new Error('enough');
    let thrown: unknown;
    try {
      for await (const batch of log.read(2n, { signal: stop.signal })) {
        seen.push(...batch.map(show));
        // The reader already waits for these.
        if (seen.length === 2) void log.append(commits(2, 'n'));
        else if (seen.length === 4) stop.abort(reason);
      }
    } catch (error) {
      thrown = error;
    }
    check(thrown === reason, `the iteration must end with the signal's reason, not ${thrown}`);
    checkList(seen, ['2:1:c2', '3:1:c3', '4:1:n1', '5:1:n2'], 'the entries');
    const aborted = log.read(1n, { signal: AbortSignal.abort(reason) })[Symbol.asyncIterator]();
    const early = await aborted.next().catch((error: unknown) => error);
    check(early === reason, 'a signal that has fired must end it at once');
  },

  'batches respect the limits, but have at least one entry': async (bed) => {
    const log = await bed.filled([commit('x'.repeat(100)), commit('y'), commit('z'), commit('w')]);
    const sizes: number[] = [];
    for await (const batch of log.read(1n, { maxBytes: 2, maxEntries: 2 })) {
      sizes.push(batch.length);
      if (batch.at(-1)!.vlsn === 4n) break;
    }
    checkText(sizes.join(), '1,2,1', 'the sizes of the batches');
  },

  'a reader learns that its entries were rolled back': async (bed) => {
    const log = await bed.filled(commits(5));
    const reader = log.read(1n)[Symbol.asyncIterator]();
    await reader.next();
    await log.rollback(3n, 'test');
    await log.append(commits(4, 'new'));
    await checkRefuses(reader.next(), 'rolled-back', 'reading on');

    const untouched = log.read(1n, { maxEntries: 3 })[Symbol.asyncIterator]();
    await untouched.next();
    await log.rollback(3n, 'test');
    await log.append([commit('d')]);
    const { value } = await untouched.next();
    checkList((value as StoredEntry[]).map(show), ['4:1:d'], 'what the other reader gets');
  },

  'a waiting reader learns of a rollback': async (bed) => {
    const log = await bed.filled(commits(5));
    const reader = log.read(6n)[Symbol.asyncIterator]();
    const next = checkRefuses(reader.next(), 'rolled-back', 'waiting');
    await log.rollback(4n, 'test');
    await next;
  },

  'a reader learns that its entries were trimmed': async (bed) => {
    const log = await bed.filled(commits(5));
    const late = log.read(1n, { maxEntries: 1 })[Symbol.asyncIterator]();
    await late.next();
    await log.trimHead(4n);
    await checkRefuses(late.next(), 'trimmed', 'reading on');
    const reader = log.read(1n)[Symbol.asyncIterator]();
    await checkRefuses(reader.next(), 'trimmed', 'reading what was trimmed');
  },

  'a reader must start inside the log': async (bed) => {
    const log = await bed.filled(commits(5));
    for (const from of [0n, -1n, 7n, 1n << 63n]) {
      const reader = log.read(from)[Symbol.asyncIterator]();
      await checkRefuses(reader.next(), 'argument', `reading from ${from}`);
    }
  },

  'closing ends waiting readers': async (bed) => {
    const log = await bed.filled(commits(5));
    const waiting = log.read(6n)[Symbol.asyncIterator]().next();
    const refused = checkRefuses(waiting, 'closed', 'waiting');
    await log[Symbol.asyncDispose]();
    await refused;
  },

  'views of payloads stay valid, whatever happens to the log': async (bed) => {
    const log = await bed.filled(commits(3, 'old'));
    const reader = log.read(1n)[Symbol.asyncIterator]();
    const { value } = await reader.next();
    await reader.return?.();
    await log.rollback(1n, 'test');
    await log.append(commits(2, 'NEW'));
    await log.trimHead(3n);
    await log.append(commits(50, 'more'));
    await log[Symbol.asyncDispose]();
    const batch = value as StoredEntry[];
    checkEqual(batch.length, 3, 'the number of entries');
    checkList(batch.map(show), ['1:1:old1', '2:1:old2', '3:1:old3'], 'the entries');
  },

  'encoded entries, if supported, are read as they were appended': async (bed) => {
    const batch = [commit('a'), data('b'), commit('x'.repeat(3000)), commit('')];
    const log = await bed.filled(batch, commits(20));
    const copy = await bed.create();
    const { encoded } = log;
    if (encoded === undefined || copy.encoded === undefined) return;
    const chain = new ChainedFingerprint();
    for await (const { firstVlsn, count, bytes, fingerprint } of encoded.read(1n, {
      maxEntries: 7,
    })) {
      checkVlsn(firstVlsn, copy.range.last + 1n, 'the first VLSN of a batch');
      check(count >= 1 && count <= 7, 'a batch must respect the limits');
      const fingerprints = chain.all(bytes, count);
      check(fingerprints !== undefined, 'the bytes must hold as many entries as reported');
      const { last } = await copy.encoded.append([{ count, bytes, fingerprints }]);
      checkVlsn(last, firstVlsn + BigInt(count - 1), 'the last VLSN');
      const { fingerprint: held } = (await copy.entry(last))!;
      check(held === fingerprint, 'the fingerprint of the last entry must match');
      const again = copy.encoded.append([{ count, bytes, fingerprints }]);
      await checkRefuses(again, 'argument', 'what does not follow');
      if (last === log.range.last) break;
    }
    await checkSame(copy, log);
    await checkSame(await bed.reopened(copy), log);
    const late = encoded.read(24n)[Symbol.asyncIterator]();
    await log.rollback(20n, 'test');
    await checkRefuses(late.next(), 'argument', 'reading beyond the end');
  },
};
