import type { LogStore } from '@shoal/syncup';
import { check, checkEqual } from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { checkList, checkRefuses, checkSame, checkText, checkVlsn } from './log-checks.ts';
import {
  archived,
  archivesOf,
  bytes,
  commit,
  commits,
  contents,
  data,
  told,
} from './log-contents.ts';
import type { LogTestBed } from './log-test-bed.ts';

const range = (log: LogStore): string => {
  const { first, last, lastSync, lastTxnEnd, durable } = log.range;
  return `${first}..${last} sync ${lastSync} end ${lastTxnEnd} durable ${durable}`;
};

/** Appending, lookups, rollback and trimming. */
export const logEntryCases: Cases<LogTestBed> = {
  'a new log is empty': async (bed) => {
    const log = await bed.reopened(await bed.create());
    checkText(range(log), '0..0 sync 0 end 0 durable 0', 'the range');
    for (const vlsn of [0n, 1n, -1n, 1n << 63n]) {
      checkText(told(await log.entry(vlsn)), '', `entry ${vlsn}`);
      checkText(told(await log.syncAtOrBefore(vlsn)), '', `the sync point at ${vlsn}`);
      checkEqual(
        (await log.passedTransactions(vlsn)).count,
        0,
        `the passed transactions at ${vlsn}`,
      );
    }
    checkEqual((await archivesOf(log)).length, 0, 'the number of archives');
  },

  'append returns the new range, and appending nothing changes nothing': async (bed) => {
    const log = await bed.create();
    checkVlsn((await log.append(commits(3))).last, 3n, 'the last');
    checkVlsn((await log.append([])).last, 3n, 'the last');
    const both = await Promise.all([log.append([data('d')]), log.append([commit('e')])]);
    check(both[0].last >= 4n && both[1].last === 5n, 'in the order of the calls');
    const again = await bed.reopened(log);
    checkList(await contents(again), ['1:1:c1', '2:1:c2', '3:1:c3', '4:0:d', '5:1:e'], 'entries');
    checkText(range(again), '1..5 sync 5 end 5 durable 0', 'the range');
  },

  'notes stay as they are when the log changes': async (bed) => {
    const log = await bed.filled(commits(3));
    const { notes } = log;
    if (notes === undefined) return;
    check((await notes.get('vote')) === undefined, 'a note that was never set');
    await notes.set('vote', new Uint8Array([0, 255]));
    await notes.set('other', new Uint8Array(0));
    await notes.set('vote', new Uint8Array([1, 2, 3]));
    await log.rollback(1n, 'test');
    const source = await bed.filled(commits(5));
    await using snapshot = await source.exportSnapshot();
    await log.importSnapshot(snapshot.chunks());
    const again = await bed.reopened(log);
    checkText(`${await again.notes!.get('vote')}`, '1,2,3', 'the note');
    checkEqual((await again.notes!.get('other'))!.length, 0, 'the length of an empty note');
  },

  'payloads of any size and any bytes are kept': async (bed) => {
    const log = await bed.create();
    const sizes = [0, 1, 63, 64, 65, 4095, 4096, 65_535, 65_536, 65_537, 1_000_000];
    const payload = (size: number): Uint8Array =>
      Uint8Array.from({ length: size }, (_, i) => (i * 31 + size + (i >> 8)) & 255);
    await log.append(sizes.map((size) => ({ type: size & 255, payload: payload(size) })));
    const again = await bed.reopened(log);
    let seen = 0;
    for await (const batch of again.read(1n)) {
      for (const entry of batch) {
        const size = sizes[seen++]!;
        checkEqual(entry.type, size & 255, 'the type');
        checkEqual(entry.payload.length, size, 'the length');
        check(
          entry.payload.every((byte, i) => byte === ((i * 31 + size + (i >> 8)) & 255)),
          `the ${size} bytes must be the same`,
        );
      }
      if (seen === sizes.length) break;
    }
  },

  'the log copies payloads': async (bed) => {
    const log = await bed.create();
    const payload = bytes('before');
    await log.append([{ type: 1, payload }]);
    payload.fill(0);
    checkList(await contents(log), ['1:1:before'], 'the entry');
  },

  'LSNs count bytes; fingerprints cover the prefix': async (bed) => {
    const straight = await bed.filled(commits(20));
    const bent = await bed.filled(commits(15), commits(9, 'other'));
    await bent.rollback(15n, 'test');
    const again = await bed.reopened(bent);
    await again.append(commits(5, 'c', 16));
    await checkSame(again, straight);
    checkVlsn((await again.entry(1n))!.lsn, 0n, 'the first LSN');
    checkVlsn((await again.entry(3n))!.lsn, 14n, 'the third LSN');
    const other = await bed.filled(commits(1, 'z'), commits(19, 'c', 2));
    const [a, b] = [await other.entry(20n), await straight.entry(20n)];
    check(a!.fingerprint !== b!.fingerprint, 'a difference must change all later fingerprints');
  },

  'kinds determine sync points and ends of transactions': async (bed) => {
    const kinds = { isSync: (type: number) => type > 1, isTxnEnd: (type: number) => type > 2 };
    const log = await bed.create({ kinds });
    const entry = (type: number) => ({ type, payload: bytes('x') });
    await log.append([entry(3), entry(2), entry(1), entry(0)]);
    const again = await bed.reopened(log, { kinds });
    checkText(range(again), '1..4 sync 2 end 1 durable 0', 'the range');
    checkVlsn((await again.syncAtOrBefore(4n))!.vlsn, 2n, 'the sync point at 4');
    const passed = await again.passedTransactions(0n);
    checkText(passed.vlsns.join(), '1', 'the transactions above 0');
  },

  'Noxu fingerprints are checksums of single entries': async (bed) => {
    const log = await bed.create({ fingerprint: 'noxu' });
    check(!log.chained, 'the log must not be chained');
    await log.append([{ type: 5, payload: bytes('123456789') }, commit('a'), commit('a')]);
    const again = await bed.reopened(log, { fingerprint: 'noxu' });
    // The check value of CRC-32, XORed with the type.
    checkVlsn((await again.entry(1n))!.fingerprint, 0xcbf43926n ^ 5n, 'the fingerprint');
    const [second, third] = [await again.entry(2n), await again.entry(3n)];
    check(second!.fingerprint === third!.fingerprint, 'equal entries have equal fingerprints');
  },

  'the durable position is kept, and never lies behind the last entry': async (bed) => {
    const log = await bed.filled([...commits(4), data('d'), commit('e')]);
    log.noteDurable(3n);
    log.noteDurable(2n);
    log.noteDurable(1n << 63n);
    const again = await bed.reopened(log);
    checkVlsn(again.range.durable, 3n, 'the durable VLSN');
    const passed = await again.passedTransactions(1n);
    checkText(
      `${passed.count} ${passed.durable} ${passed.vlsns}`,
      '4 2 2,3,4,6',
      'the passed transactions at 1',
    );
    again.noteDurable(100n);
    checkVlsn(again.range.durable, 6n, 'the durable VLSN');
    await again.rollback(2n, 'test');
    await again.append(commits(2));
    checkVlsn((await bed.reopened(again)).range.durable, 2n, 'the durable VLSN');
  },

  'all passed transactions are counted, and the first 1000 named': async (bed) => {
    const log = await bed.filled(commits(1500), [data('x')]);
    const { count, vlsns } = await (await bed.reopened(log)).passedTransactions(100n);
    checkEqual(count, 1400, 'the count');
    checkEqual(vlsns.length, 1000, 'the number of VLSNs');
    check(
      vlsns.every((vlsn, i) => vlsn === BigInt(101 + i)),
      'they are the first, ascending',
    );
  },

  'a rollback archives the entries that it removes': async (bed) => {
    const log = await bed.filled(commits(5));
    const nothing = await log.rollback(5n, 'nothing');
    checkText(`${nothing.first}..${nothing.last}`, '0..0', 'the empty archive');
    const archive = await log.rollback(3n, 'diverged');
    checkList(await archived(archive), ['4:1:c4', '5:1:c5'], 'the archive');
    await log.append(commits(3, 'new'));
    const second = await log.rollback(4n, 'again');
    check(second.id !== archive.id, 'each archive has its own id');
    const again = await bed.reopened(log);
    const archives = await archivesOf(again);
    checkEqual(archives.length, 2, 'the number of archives');
    const [a, b] = archives;
    checkText(`${a!.id} ${a!.reason} ${a!.matchpoint}`, `${archive.id} diverged 3`, 'the first');
    checkText(
      `${a!.first}..${a!.last} ${b!.first}..${b!.last}`,
      '4..5 5..6',
      'the ranges of the archives',
    );
    checkList(await archived(a!), ['4:1:c4', '5:1:c5'], 'the first archive');
    checkList(await archived(b!), ['5:1:new2', '6:1:new3'], 'the second archive');
    checkList(await contents(again), ['1:1:c1', '2:1:c2', '3:1:c3', '4:1:new1'], 'the log');
  },

  'after a rollback to 0 the log starts at VLSN 1': async (bed) => {
    for (const trimTo of [0n, 3n]) {
      const log = await bed.filled(commits(5));
      await log.trimHead(trimTo);
      const archive = await log.rollback(0n, 'all');
      checkEqual(
        (await archived(archive)).length,
        trimTo === 0n ? 5 : 3,
        'the number of archived entries',
      );
      checkText(range(log), '0..0 sync 0 end 0 durable 0', 'the range');
      await log.append(commits(2, 'n'));
      const fresh = await bed.filled(commits(2, 'n'));
      await checkSame(await bed.reopened(log), fresh);
    }
  },

  'after a rollback to just below the first entry the VLSNs continue': async (bed) => {
    const log = await bed.filled(commits(5));
    await log.trimHead(3n);
    await log.rollback(2n, 'all that is held');
    const empty = await bed.reopened(log);
    checkText(range(empty), '0..2 sync 0 end 0 durable 0', 'the range');
    await empty.append(commits(3, 'c', 3));
    const straight = await bed.filled(commits(5));
    checkText(told(await empty.entry(5n)), told(await straight.entry(5n)), 'the fifth');
  },

  'trimming removes the head, but never the last entry': async (bed) => {
    const log = await bed.filled(commits(10));
    checkVlsn(await log.trimHead(4n), 4n, 'the new first');
    checkVlsn(await log.trimHead(2n), 4n, 'the same first');
    const again = await bed.reopened(log);
    checkText(range(again), '4..10 sync 10 end 10 durable 0', 'the range');
    checkText(told(await again.entry(3n)), '', 'entry 3');
    checkText(told(await again.syncAtOrBefore(3n)), '', 'the sync point at 3');
    checkEqual((await again.passedTransactions(0n)).count, 7, 'what passed 0');
    const whole = await bed.filled(commits(10));
    checkText(told(await again.entry(4n)), told(await whole.entry(4n)), 'entry 4');
    checkVlsn(await again.trimHead(1n << 63n), 10n, 'the new first');
    checkEqual((await contents(again)).length, 1, 'the number of entries');
  },

  'retained entries are not trimmed': async (bed) => {
    const log = await bed.filled(commits(10));
    const retention = log.retain(4n);
    checkVlsn(await log.trimHead(8n), 4n, 'the first');
    retention.advance(6n);
    retention.advance(1n);
    checkVlsn(await log.trimHead(8n), 6n, 'the first');
    retention[Symbol.dispose]();
    retention[Symbol.dispose]();
    checkVlsn(await log.trimHead(99n), 10n, 'the first');
  },

  'an archive survives trimming': async (bed) => {
    const log = await bed.filled(commits(10));
    await log.rollback(4n, 'diverged');
    await log.append(commits(6, 'n'));
    await log.trimHead(8n);
    const again = await bed.reopened(log);
    const archives = await archivesOf(again);
    checkEqual(archives.length, 1, 'the number of archives');
    const all = Array.from({ length: 6 }, (_, i) => `${5 + i}:1:c${5 + i}`);
    checkList(await archived(archives[0]!), all, 'the archive');
    checkList(await contents(again), ['8:1:n4', '9:1:n5', '10:1:n6'], 'the log');
  },

  'invalid operations are refused and change nothing': async (bed) => {
    const log = await bed.filled(commits(5));
    const twin = await bed.filled(commits(5));
    const huge = { type: 1, payload: new Uint8Array(64 * 1024 * 1024 - 63) };
    await checkRefuses(log.append([commit('a'), huge]), 'argument', 'a payload of over 64 MiB');
    for (const type of [-1, 256, 1.5, Number.NaN]) {
      const entries = [commit('a'), { type, payload: bytes('') }];
      await checkRefuses(log.append(entries), 'argument', `type ${type}`);
    }
    await checkRefuses(log.rollback(6n, 'x'), 'argument', 'a rollback forward');
    await checkRefuses(log.rollback(-1n, 'x'), 'argument', 'a rollback below 0');
    await log.trimHead(3n);
    await twin.trimHead(3n);
    await checkRefuses(log.rollback(1n, 'x'), 'argument', 'a rollback below the first');
    await checkSame(log, twin);
    await checkSame(await bed.reopened(log), twin);
  },

  'a closed log rejects every operation': async (bed) => {
    const log = await bed.filled(commits(2));
    await log[Symbol.asyncDispose]();
    await log[Symbol.asyncDispose]();
    await checkRefuses(log.append([]), 'closed', 'append');
    await checkRefuses(log.rollback(1n, 'x'), 'closed', 'rollback');
    await checkRefuses(log.trimHead(1n), 'closed', 'trimHead');
    await checkRefuses(log.exportSnapshot(), 'closed', 'exportSnapshot');
    const reader = log.read(1n)[Symbol.asyncIterator]();
    await checkRefuses(reader.next(), 'closed', 'read');
  },
};
