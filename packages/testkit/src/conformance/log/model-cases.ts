import type { LogStore, NewEntry } from '@shoal/syncup';
import { type Random, seededRandom } from '../../random.ts';
import { check, checkEqual } from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { checkList, checkText } from './log-checks.ts';
import { archived, archivesOf, bytes, contents, exported, pieces } from './log-contents.ts';
import type { LogTestBed } from './log-test-bed.ts';

interface ModelEntry {
  readonly vlsn: number;
  readonly type: number;
  readonly text: string;
}

/** A log, as an array. */
class Model {
  entries: ModelEntry[] = [];
  archives: string[][] = [];
  next = 1;

  get first(): number {
    return this.entries[0]?.vlsn ?? this.next;
  }
}

const shown = (entry: ModelEntry): string => `${entry.vlsn}:${entry.type}:${entry.text}`;

/** Compares the log with an array of entries, under random operations from fixed seeds. */
export const logModelCases: Cases<LogTestBed> = {
  'random operations have the effect that they have on an array of entries': async (bed) => {
    for (let seed = 1; seed <= 12; seed++) {
      try {
        await walk(bed, seededRandom(`log ${seed}`));
      } catch (cause) {
        throw new Error(`with seed ${seed}: ${(cause as Error).message}`, { cause });
      }
    }
  },
};

async function walk(bed: LogTestBed, random: Random): Promise<void> {
  const below = (limit: number): number => Math.floor(random() * limit);
  const model = new Model();
  let log = await bed.create();
  const longest = [10, 300, 20_000][below(3)]!;
  let counter = 0;
  for (let step = 0; step < 25; step++) {
    const { first, next } = model;
    const choice = below(10);
    if (choice < 5) {
      const calls: NewEntry[][] = [];
      for (let call = 0; call <= below(4); call++) {
        const entries: NewEntry[] = [];
        for (let i = below(60); i > 0; i--) {
          counter++;
          const text = 'x'.repeat(below(longest)) + counter;
          entries.push({ type: counter % 3, payload: bytes(text) });
          model.entries.push({ vlsn: model.next++, type: counter % 3, text });
        }
        calls.push(entries);
      }
      await Promise.all(calls.map((entries, i) => log.append(entries, { durable: i % 2 === 0 })));
    } else if (choice < 7) {
      const to = first - 1 + below(next - first + 1);
      const archive = await log.rollback(BigInt(to), `step ${step}`);
      const cut = model.entries.filter((entry) => entry.vlsn > to).map(shown);
      checkList(await archived(archive), cut, 'the archive');
      if (cut.length > 0) model.archives.push(cut);
      model.entries = model.entries.filter((entry) => entry.vlsn <= to);
      model.next = to + 1;
    } else if (choice === 7) {
      const before = first + below(model.entries.length + 2);
      await log.trimHead(BigInt(before));
      const limit = Math.min(before, next - 1);
      model.entries = model.entries.filter((entry) => entry.vlsn >= limit);
    } else if (choice === 8) {
      await log.importSnapshot(pieces(await exported(log), 1 + below(100_000)));
      if (model.entries.length > 0) model.archives.push(model.entries.map(shown));
    } else {
      log = await bed.reopened(log);
    }
    await compare(log, model, below);
  }
  await compareArchives(await bed.reopened(log), model);
}

async function compare(
  log: LogStore,
  model: Model,
  below: (limit: number) => number,
): Promise<void> {
  const { entries, next } = model;
  checkList(await contents(log), entries.map(shown), 'the entries');
  const syncs = entries.filter((entry) => entry.type > 0).map((entry) => entry.vlsn);
  const { range } = log;
  const last = syncs.at(-1) ?? 0;
  checkText(
    `${range.first}..${range.last} ${range.lastSync} ${range.lastTxnEnd}`,
    `${entries[0]?.vlsn ?? 0}..${next - 1} ${last} ${last}`,
    'the range',
  );
  let lsn = -1n;
  for (const vlsn of [0, model.first, below(next), next - 1, next]) {
    const sync = syncs.filter((at) => at <= vlsn).at(-1);
    const found = await log.syncAtOrBefore(BigInt(vlsn));
    checkText(String(found?.vlsn), String(sync), `the sync point at ${vlsn}`);
    const passed = await log.passedTransactions(BigInt(vlsn));
    const ends = syncs.filter((at) => at > vlsn);
    checkEqual(passed.count, ends.length, `the transactions above ${vlsn}`);
    checkText(passed.vlsns.join(), ends.slice(0, 1000).join(), `the ends above ${vlsn}`);
    const held = entries.find((entry) => entry.vlsn === vlsn);
    const entry = await log.entry(BigInt(vlsn));
    check(
      (entry !== undefined) === (held !== undefined),
      `entry ${vlsn} must be in the log exactly if it is in the array`,
    );
    if (entry !== undefined && vlsn === model.first) lsn = entry.lsn;
    if (entry !== undefined && held !== undefined && lsn >= 0n) {
      const between = entries.filter((other) => other.vlsn < vlsn);
      const size = between.reduce((sum, other) => sum + 5 + other.text.length, 0);
      if (vlsn >= model.first) checkText(`${entry.lsn - lsn}`, `${size}`, `the LSN of ${vlsn}`);
    }
  }
}

async function compareArchives(log: LogStore, model: Model): Promise<void> {
  const archives = await archivesOf(log);
  checkEqual(archives.length, model.archives.length, 'the number of archives');
  for (const [i, archive] of archives.entries()) {
    checkList(await archived(archive), model.archives[i]!, `archive ${archive.id}`);
  }
}
