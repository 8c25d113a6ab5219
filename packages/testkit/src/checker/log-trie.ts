import type { Configuration, LogTail, LogView, StoredConfiguration } from '@shoal/consensus';

/** An entry, reduced to what consensus looks at. A mark or a configuration is a batch of its own. */
export type TrieEntry =
  | { readonly type: 'mark'; readonly term: bigint }
  | { readonly type: 'data'; readonly term: bigint; readonly ends: boolean }
  | {
      readonly type: 'configuration';
      readonly term: bigint;
      readonly configuration: Configuration;
    };

interface TrieLog {
  readonly parent: number;
  readonly entry: TrieEntry | undefined;
  readonly length: number;
  /** The term of the last mark. */
  readonly term: bigint;
  readonly configurations: number;
  /** How many batches of data it holds. */
  readonly batches: number;
  /** Whether a batch in it lacks its end, and something else follows. */
  readonly isTorn: boolean;
}

const ROOT: TrieLog = {
  parent: 0,
  entry: undefined,
  length: 0,
  term: 0n,
  configurations: 0,
  batches: 0,
  isTorn: false,
};

/** All logs of a run. A log is a number: that of the node at its end in a tree of entries. */
export class LogTrie {
  readonly #logs: TrieLog[] = [ROOT];
  readonly #children = new Map<string, number>();
  readonly #views = new Map<number, LogTail>();

  get(log: number): TrieLog {
    return this.#logs[log]!;
  }

  length(log: number): number {
    return this.#logs[log]!.length;
  }

  /** The log with one entry more. */
  child(parent: number, entry: TrieEntry): number {
    const key = `${parent} ${nameOf(entry)}`;
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    const { length, term, configurations, batches, isTorn, entry: last } = this.get(parent);
    const log = this.#logs.length;
    this.#logs.push({
      parent,
      entry,
      length: length + 1,
      term: entry.type === 'mark' ? entry.term : term,
      configurations: configurations + (entry.type === 'configuration' ? 1 : 0),
      batches: batches + (entry.type === 'data' && entry.ends ? 1 : 0),
      isTorn: isTorn || (last !== undefined && !endsBatch(last) && !continues(last, entry)),
    });
    this.#children.set(key, log);
    return log;
  }

  /** The first `length` entries. */
  prefix(log: number, length: number): number {
    let at = log;
    while (this.length(at) > length) at = this.get(at).parent;
    return at;
  }

  isPrefix(prefix: number, log: number): boolean {
    return this.prefix(log, this.length(prefix)) === prefix;
  }

  /** The longest common prefix. */
  common(a: number, b: number): number {
    const length = Math.min(this.length(a), this.length(b));
    let x = this.prefix(a, length);
    let y = this.prefix(b, length);
    while (x !== y) {
      x = this.get(x).parent;
      y = this.get(y).parent;
    }
    return x;
  }

  /** What the core knows of a log of which the first `synced` entries are on stable storage. */
  view(log: number, synced: number): LogView {
    const id = this.length(log) === 0 ? undefined : 'log';
    return { ...this.tail(0, log), id, synced: BigInt(synced) };
  }

  /** What the core is told of the entries of `log` after those of its prefix `from`. */
  tail(from: number, log: number): LogTail {
    const whole = this.#wholeTail(log);
    const after = BigInt(this.length(from));
    if (after === 0n) return whole;
    return {
      last: whole.last,
      batchEnds: whole.batchEnds.filter((index) => index > after),
      marks: whole.marks.filter(({ index }) => index > after),
      configurations: whole.configurations.filter(({ index }) => index > after),
    };
  }

  /** A log for people: M marks, x ends a batch, o does not, C is a configuration; then the term. */
  show(log: number): string {
    return `[${this.#entries(log).map(nameOf).join(' ')}]`;
  }

  /** Whether all batches in it have their ends. */
  isWhole(log: number): boolean {
    const { entry, isTorn } = this.get(log);
    return !isTorn && (entry === undefined || endsBatch(entry));
  }

  #wholeTail(log: number): LogTail {
    let view = this.#views.get(log);
    if (view === undefined) {
      view = tailOf(this.#entries(log));
      this.#views.set(log, view);
    }
    return view;
  }

  #entries(log: number): TrieEntry[] {
    const entries: TrieEntry[] = [];
    for (let at = log; at !== 0; at = this.get(at).parent) entries.unshift(this.get(at).entry!);
    return entries;
  }
}

function endsBatch(entry: TrieEntry): boolean {
  return entry.type !== 'data' || entry.ends;
}

/** Whether an entry belongs to the batch of the one before. */
function continues(before: TrieEntry, { type, term }: TrieEntry): boolean {
  return type === 'data' && term === before.term;
}

function tailOf(entries: readonly TrieEntry[]): LogTail {
  const batchEnds: bigint[] = [];
  const marks: { index: bigint; term: bigint }[] = [];
  const configurations: StoredConfiguration[] = [];
  for (const [i, entry] of entries.entries()) {
    const index = BigInt(i + 1);
    if (endsBatch(entry)) batchEnds.push(index);
    if (entry.type === 'mark') marks.push({ index, term: entry.term });
    if (entry.type === 'configuration') {
      configurations.push({ index, configuration: entry.configuration });
    }
  }
  return { last: BigInt(entries.length), batchEnds, marks, configurations };
}

function nameOf(entry: TrieEntry): string {
  const { term } = entry;
  if (entry.type === 'mark') return `M${term}`;
  if (entry.type === 'data') return `${entry.ends ? 'x' : 'o'}${term}`;
  const stores = entry.configuration.voters.map(({ storeId }) => storeId);
  return `C${term}{${stores.join(' ')}}`;
}
