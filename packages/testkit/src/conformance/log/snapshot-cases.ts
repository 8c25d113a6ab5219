import { check, checkBytes, checkEqual } from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { checkList, checkRefuses, checkSame, checkText, checkVlsn } from './log-checks.ts';
import {
  archived,
  archivesOf,
  commit,
  commits,
  contents,
  data,
  exported,
  join,
  pieces,
} from './log-contents.ts';
import type { LogTestBed } from './log-test-bed.ts';

/** Exporting and importing snapshots. */
export const logSnapshotCases: Cases<LogTestBed> = {
  'a snapshot has the announced length and can be read from any offset': async (bed) => {
    const log = await bed.filled(commits(50), [data('x'.repeat(200_000))], commits(3));
    const snapshot = await log.exportSnapshot();
    const whole = await join(snapshot.chunks());
    checkEqual(whole.length, snapshot.size, 'the size');
    checkVlsn(snapshot.last, 54n, 'the last VLSN');
    check(snapshot.id > 0n && snapshot.id < 1n << 64n, 'the id must be a u64 other than 0');
    for (const offset of [1, 47, 48, 49, 60, 100, 150_000, whole.length - 8, whole.length]) {
      const rest = await join(snapshot.chunks(offset));
      checkBytes(rest, whole.subarray(offset), `the bytes from ${offset} on`);
    }
    for (const offset of [-1, 0.5, whole.length + 1]) {
      await checkRefuses(join(snapshot.chunks(offset)), 'argument', `offset ${offset}`);
    }
    await snapshot[Symbol.asyncDispose]();
    await snapshot[Symbol.asyncDispose]();
    await checkRefuses(join(snapshot.chunks()), 'closed', 'a snapshot that was disposed of');
  },

  'a snapshot does not change': async (bed) => {
    const log = await bed.filled(commits(30));
    await log.trimHead(3n);
    const before = await exported(log);
    const snapshot = await log.exportSnapshot();
    await log.append(commits(4, 'later'));
    await log.rollback(20n, 'test');
    await log.append(commits(20, 'other'));
    await log.trimHead(35n);
    checkBytes(await join(snapshot.chunks()), before, 'the snapshot');
    await snapshot[Symbol.asyncDispose]();
    const after = await log.exportSnapshot();
    check(after.id !== snapshot.id, 'different contents must have different ids');
    await after[Symbol.asyncDispose]();
  },

  'equal logs give equal snapshots': async (bed) => {
    const [a, b] = [await bed.filled(commits(9)), await bed.filled(commits(4), commits(5, 'c', 5))];
    checkBytes(await exported(a), await exported(b), 'the snapshot');
    const [one, two] = [await a.exportSnapshot(), await b.exportSnapshot()];
    check(one.id === two.id, 'their ids are equal');
  },

  'a log restored from a snapshot continues like the original': async (bed) => {
    const source = await bed.filled(commits(20), [data('y'.repeat(100_000))], commits(5, 'e'));
    await source.trimHead(7n);
    source.noteDurable(9n);
    const bytes = await exported(source);
    for (const size of [1, 1000, 1 << 20]) {
      const log = await bed.filled(commits(3, 'mine'));
      await log.importSnapshot(pieces(size === 1 ? await exported(source) : bytes, size));
      const again = await bed.reopened(log);
      checkVlsn(again.range.durable, 9n, 'the durable position');
      checkVlsn(again.range.first, 7n, 'the first');
      await checkSame(again, source);
      const archives = await archivesOf(again);
      checkEqual(archives.length, 1, 'the number of archives');
      checkList(
        await archived(archives[0]!),
        ['1:1:mine1', '2:1:mine2', '3:1:mine3'],
        'the archive',
      );
      await again.append([commit('next')]);
      const twin = await bed.create();
      await twin.importSnapshot(pieces(bytes, 4096));
      await twin.append([commit('next')]);
      await checkSame(again, twin);
    }
  },

  'a snapshot of an empty log restores an empty log': async (bed) => {
    const source = await bed.filled(commits(5));
    await source.trimHead(4n);
    await source.rollback(3n, 'all');
    const log = await bed.filled(commits(2));
    await log.importSnapshot(pieces(await exported(source), 7));
    const again = await bed.reopened(log);
    checkText(`${again.range.first} ${again.range.last}`, '0 3', 'the range');
    await again.append([commit('n')]);
    checkList(await contents(again), ['4:1:n'], 'the entries');
  },

  'a restore ends every reader': async (bed) => {
    const source = await bed.filled(commits(9));
    const log = await bed.filled(commits(3));
    const reader = log.read(2n)[Symbol.asyncIterator]();
    await reader.next();
    const waiting = checkRefuses(reader.next(), 'rolled-back', 'reading on');
    await log.importSnapshot(pieces(await exported(source), 50));
    await waiting;
  },

  'a damaged snapshot is refused and changes nothing': async (bed) => {
    const source = await bed.filled(commits(10));
    const good = await exported(source);
    const target = await bed.filled(commits(3, 'mine'));
    // A snapshot proves neither its first LSN nor its durable position.
    const unproven = (at: number): boolean => (at >= 24 && at < 32) || (at >= 40 && at < 48);
    for (let at = 0; at < good.length; at += at < 48 ? 1 : 5) {
      if (unproven(at)) continue;
      const damaged = good.slice();
      damaged[at]! ^= 0x55;
      // Byte 4 is the version: any other may be that of a later release.
      const code = at === 4 ? 'version' : 'snapshot';
      await checkRefuses(target.importSnapshot(pieces(damaged, 64)), code, `byte ${at}`);
    }
    for (const length of [0, 5, 48, good.length - 1]) {
      const cut = pieces(good.subarray(0, length), 64);
      await checkRefuses(target.importSnapshot(cut), 'snapshot', `${length} bytes`);
    }
    const longer = new Uint8Array([...good, 0]);
    await checkRefuses(target.importSnapshot(pieces(longer, 64)), 'snapshot', 'a byte too much');
    const other = await bed.create({ fingerprint: 'noxu' });
    await checkRefuses(other.importSnapshot(pieces(good, 64)), 'snapshot', 'another kind');
    const again = await bed.reopened(target);
    checkList(await contents(again), ['1:1:mine1', '2:1:mine2', '3:1:mine3'], 'the entries');
    checkEqual((await archivesOf(again)).length, 0, 'the number of archives');
    await again.importSnapshot(pieces(good, 64));
    await checkSame(again, source);
  },

  'a source that fails midway changes nothing': async (bed) => {
    const source = await bed.filled(commits(1000));
    const good = await exported(source);
    const log = await bed.filled(commits(3));
    const failure = new Error('the connection is lost');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield good.subarray(0, good.length >> 1);
      throw failure;
    }
    const thrown = await log.importSnapshot(failing()).catch((error: unknown) => error);
    check(thrown === failure, `the import must reject with the error of the chunks, not ${thrown}`);
    checkEqual((await contents(await bed.reopened(log))).length, 3, 'the number of entries');
  },
};
