import type { LogStore, NewEntry, Retention, StoredEntry } from '@shoal/syncup';
import { higher } from '../bigint.ts';
import type { LogPosition } from '../votes/log-position.ts';

/**
 * The type of the entries with which a leader marks the term of the entries after them: a sync
 * point that ends no transaction. Its payload is the term, a little-endian u64. Applications must
 * not append this type, and skip it when they read the log.
 */
export const TERM_ENTRY = 3;

/** How many entries to search first, from the end of a log backwards. Doubled each time. */
const FIRST_WINDOW = 1024n;

interface Mark {
  readonly vlsn: bigint;
  readonly term: bigint;
}

/** The entry that begins or continues a term. */
export function termMark(term: bigint): NewEntry {
  const payload = new Uint8Array(8);
  new DataView(payload.buffer).setBigUint64(0, term, true);
  return { type: TERM_ENTRY, payload };
}

/** The term that an entry marks; undefined if it is not a mark. */
export function markedTerm(entry: NewEntry): bigint | undefined {
  const { type, payload } = entry;
  if (type !== TERM_ENTRY || payload.length !== 8) return undefined;
  return new DataView(payload.buffer, payload.byteOffset, 8).getBigUint64(0, true);
}

/**
 * Knows the term of a log's last entry. The marks are part of the log, so they share its fate in
 * every crash, rollback and restore. The last durable mark and those after it are retained, so that
 * a log always tells its own term.
 */
export class TermMarks {
  readonly #log: LogStore;
  /** Ascending. The first one is the last durable mark, if there is one. */
  #marks: Mark[] = [];
  #retention: Retention | undefined;

  private constructor(log: LogStore) {
    this.#log = log;
  }

  /** Searches the log for marks, from its end backwards. Rejects with the log's error. */
  static async open(log: LogStore): Promise<TermMarks> {
    const marks = new TermMarks(log);
    await marks.rebuild();
    return marks;
  }

  /** Where the log ends. Valid only while the log does not change. */
  get position(): LogPosition {
    return { term: this.#marks.at(-1)?.term ?? 0n, last: this.#log.range.last };
  }

  /** The VLSN of the last mark; 0 if there is none. */
  get lastMark(): bigint {
    return this.#marks.at(-1)?.vlsn ?? 0n;
  }

  /** Takes note of the marks among appended entries. */
  note(entries: readonly StoredEntry[]): void {
    for (const entry of entries) {
      const term = markedTerm(entry);
      if (term !== undefined) this.add(entry.vlsn, term);
    }
  }

  /** Takes note of an appended mark. */
  add(vlsn: bigint, term: bigint): void {
    this.#marks.push({ vlsn, term });
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
    let found: Mark[] = [];
    for (let end = last; end > 0n && end >= first; window *= 2n) {
      const start = higher(first, end - window);
      found = [...(await marksOf(this.#log, start, end)), ...found];
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
}

async function marksOf(log: LogStore, first: bigint, last: bigint): Promise<Mark[]> {
  const found: Mark[] = [];
  for await (const batch of log.read(first)) {
    for (const entry of batch) {
      const term = entry.vlsn > last ? undefined : markedTerm(entry);
      if (term !== undefined) found.push({ vlsn: entry.vlsn, term });
    }
    if (batch.at(-1)!.vlsn >= last) break;
  }
  return found;
}
