import type { LogStore, NewEntry, Retention, StoredEntry } from '@shoal/syncup';
import { higher } from '../bigint.ts';
import type { LogPosition } from '../votes/vote-message.ts';

/**
 * The type of the entries with which a feeder marks the term of what follows them: a sync point,
 * that ends no transaction. Its payload is the term, a u64, little-endian. An application never
 * appends one, and passes over those that it is handed.
 */
export const TERM_ENTRY = 3;

/** How many entries are looked through at first, from the end of a log backwards. */
const FIRST_WINDOW = 1024n;

interface Mark {
  readonly vlsn: bigint;
  readonly term: bigint;
}

/** The entry that begins a term, or goes on with it. */
export function termMark(term: bigint): NewEntry {
  const payload = new Uint8Array(8);
  new DataView(payload.buffer).setBigUint64(0, term, true);
  return { type: TERM_ENTRY, payload };
}

/** The term that an entry marks; undefined when it is no mark. */
export function markedTerm(entry: NewEntry): bigint | undefined {
  const { type, payload } = entry;
  if (type !== TERM_ENTRY || payload.length !== 8) return undefined;
  return new DataView(payload.buffer, payload.byteOffset, 8).getBigUint64(0, true);
}

/**
 * Knows in which term a log's last entry was written. The marks are in the log itself, so that
 * they share its fate in every crash, rollback and restore. The last mark that is durable, and
 * those after it, are kept from being trimmed: a log always tells its own term.
 */
export class TermMarks {
  readonly #log: LogStore;
  /** Ascending; the first one is the last that is durable, if any is. */
  #marks: Mark[] = [];
  #retention: Retention | undefined;

  private constructor(log: LogStore) {
    this.#log = log;
  }

  /** Looks for the marks from the end of the log backwards. Rejects with the log's error. */
  static async open(log: LogStore): Promise<TermMarks> {
    const marks = new TermMarks(log);
    await marks.rebuild();
    return marks;
  }

  /** Where the log ends. Only right while nobody changes it. */
  get position(): LogPosition {
    return { term: this.#marks.at(-1)?.term ?? 0n, last: this.#log.range.last };
  }

  /** The VLSN of the last mark; 0 when there is none. */
  get lastMark(): bigint {
    return this.#marks.at(-1)?.vlsn ?? 0n;
  }

  /** Takes note of entries that were appended. */
  note(entries: readonly StoredEntry[]): void {
    for (const entry of entries) {
      const term = markedTerm(entry);
      if (term !== undefined) this.add(entry.vlsn, term);
    }
  }

  add(vlsn: bigint, term: bigint): void {
    this.#marks.push({ vlsn, term });
    this.#retention ??= this.#log.retain(vlsn);
  }

  /** Lets go of marks before the last durable one. */
  settle(): void {
    const { durable } = this.#log.range;
    const marks = this.#marks;
    let passed = 0;
    while (passed + 1 < marks.length && marks[passed + 1]!.vlsn <= durable) passed++;
    if (passed === 0) return;
    marks.splice(0, passed);
    this.#retention?.advance(marks[0]!.vlsn);
  }

  /** The log was rolled back to `to`. Rejects with the log's error. */
  async rolledBack(to: bigint): Promise<void> {
    const marks = this.#marks;
    while (marks.length > 0 && marks.at(-1)!.vlsn > to) marks.pop();
    if (marks.length === 0) await this.rebuild();
  }

  /** The log was replaced: looks again. Rejects with the log's error. */
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

  /** Lets the log be trimmed. */
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
