import { configurationOf, type LogTail, type LogView, type Position } from '@shoal/consensus';
import type { EntryKinds, LogStore, Retention, StoredEntry } from '@shoal/syncup';
import { higher } from '../bigint.ts';
import { type ClusterOfLog, type LogMark, markOf } from './mark-entry.ts';

/** How many entries to search first, from the end of a log backwards. Doubled each time. */
const FIRST_WINDOW = 1024n;

interface StoredMark extends LogMark {
  readonly vlsn: bigint;
}

/**
 * Knows the term of a log's last entry, and who votes. The marks are part of the log, so they share
 * its fate in every crash, rollback and restore. The last durable mark and those after it are
 * retained, so that a log always tells its own term.
 */
export class LogMarks {
  readonly #log: LogStore;
  readonly #kinds: EntryKinds;
  /** Ascending. The first one is the last durable mark, if there is one. */
  #marks: StoredMark[] = [];
  #retention: Retention | undefined;

  private constructor(log: LogStore, kinds: EntryKinds) {
    this.#log = log;
    this.#kinds = kinds;
  }

  /** Searches the log for marks, from its end backwards. Rejects with the log's error. */
  static async open(log: LogStore, kinds: EntryKinds): Promise<LogMarks> {
    const marks = new LogMarks(log, kinds);
    await marks.rebuild();
    return marks;
  }

  /** Where the log ends. Valid only while the log does not change. */
  get position(): Position {
    return { term: this.#marks.at(-1)?.term ?? 0n, index: this.#log.range.last };
  }

  /** The VLSN of the last mark; 0 if there is none. */
  get lastMark(): bigint {
    return this.#marks.at(-1)?.vlsn ?? 0n;
  }

  /** The cluster that the log belongs to by its last mark. */
  get cluster(): ClusterOfLog | undefined {
    return this.#marks.findLast(({ cluster }) => cluster !== undefined)?.cluster;
  }

  /** What consensus looks at. Valid only while the log is at rest, and all of it is synced. */
  view(): LogView {
    const { last } = this.#log.range;
    const end = this.#lastBatchEnd();
    return {
      id: this.cluster?.logId,
      last,
      synced: last,
      batchEnds: end === 0n ? [] : [end],
      ...summary(this.#marks),
    };
  }

  /** Takes note of the marks among entries that were appended, and says what consensus looks at. */
  note(entries: readonly StoredEntry[]): LogTail {
    const found: StoredMark[] = [];
    for (const entry of entries) {
      const mark = markOf(entry);
      if (mark === undefined) continue;
      found.push({ ...mark, vlsn: entry.vlsn });
      this.add(entry.vlsn, mark);
    }
    const { vlsn: last } = entries.at(-1)!;
    const ends = entries.filter(({ type }) => this.#kinds.isSync(type));
    const id = found.at(-1)?.cluster?.logId;
    return { id, last, batchEnds: ends.map(({ vlsn }) => vlsn), ...summary(found) };
  }

  /** Takes note of an appended mark. */
  add(vlsn: bigint, mark: LogMark): void {
    this.#marks.push({ ...mark, vlsn });
    this.#retention ??= this.#log.retain(vlsn);
  }

  /** Releases the marks before the last durable one. */
  settle(): void {
    const { durable } = this.#log.range;
    const marks = this.#marks;
    let passed = 0;
    while (passed + 1 < marks.length && marks[passed + 1]!.vlsn <= durable) passed++;
    if (passed === 0) return;
    marks.splice(0, passed);
    this.#retention?.advance(marks[0]!.vlsn);
  }

  /** Follows a rollback of the log to `to`. Rejects with the log's error. */
  async rolledBack(to: bigint): Promise<void> {
    const marks = this.#marks;
    while (marks.length > 0 && marks.at(-1)!.vlsn > to) marks.pop();
    if (marks.length === 0) await this.rebuild();
  }

  /** Searches the log again, after it was replaced. Rejects with the log's error. */
  async rebuild(): Promise<void> {
    const { first, last, durable } = this.#log.range;
    this.close();
    let window = FIRST_WINDOW;
    let found: StoredMark[] = [];
    for (let end = last; end > 0n && end >= first; window *= 2n) {
      const start = higher(first, end - window);
      found = [...(await marksIn(this.#log, start, end)), ...found];
      if (found.length > 0 && found[0]!.vlsn <= durable) break;
      end = start - 1n;
    }
    this.#marks = found;
    if (found.length > 0) this.#retention = this.#log.retain(found[0]!.vlsn);
    this.settle();
  }

  /** Releases all marks. */
  close(): void {
    this.#retention?.[Symbol.dispose]();
    this.#retention = undefined;
    this.#marks = [];
  }

  /** The last sync point; if none is left, the end of what was trimmed. */
  #lastBatchEnd(): bigint {
    const { first, lastSync } = this.#log.range;
    return lastSync > 0n || first === 0n ? lastSync : first - 1n;
  }
}

/** The marks as consensus sees them. A mark repeats the voters, so not each one is a change. */
function summary(marks: readonly StoredMark[]): Pick<LogTail, 'marks' | 'configurations'> {
  return {
    marks: marks.map(({ vlsn, term }) => ({ index: vlsn, term })),
    configurations: marks.flatMap(({ vlsn, cluster }) =>
      cluster === undefined
        ? []
        : [{ index: vlsn, configuration: configurationOf(cluster.configuration.voters) }],
    ),
  };
}

async function marksIn(log: LogStore, first: bigint, last: bigint): Promise<StoredMark[]> {
  const found: StoredMark[] = [];
  for await (const batch of log.read(first)) {
    for (const entry of batch) {
      const mark = entry.vlsn > last ? undefined : markOf(entry);
      if (mark !== undefined) found.push({ ...mark, vlsn: entry.vlsn });
    }
    if (batch.at(-1)!.vlsn >= last) break;
  }
  return found;
}
