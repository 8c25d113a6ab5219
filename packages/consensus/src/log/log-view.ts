import type { Configuration } from './configuration.ts';
import type { Position } from './position.ts';

/** The mark with which a leader begins its term in the log. It is a batch of its own. */
export interface Mark {
  readonly index: bigint;
  readonly term: bigint;
}

/** A configuration in the log. It is a batch of its own. */
export interface StoredConfiguration {
  readonly index: bigint;
  readonly configuration: Configuration;
}

/** Appended entries, reduced to what consensus looks at. All lists ascend. */
export interface LogTail {
  /** The id of the log, if one of the entries says it. */
  readonly id?: string | undefined;
  /** The index of the last entry. */
  readonly last: bigint;
  /** The indexes of the entries that end a batch. Marks and configurations are among them. */
  readonly batchEnds: readonly bigint[];
  readonly marks: readonly Mark[];
  readonly configurations: readonly StoredConfiguration[];
}

/**
 * What a node must know of its log to decide. It is computed from the entries that are in the log,
 * never from a field that was written ahead of them.
 */
export interface LogView extends LogTail {
  /** The random id that the first leader gave the log; undefined while the log is empty. */
  readonly id: string | undefined;
  /** The index up to which the log is on stable storage. */
  readonly synced: bigint;
  /**
   * As in {@link LogTail}. Ends before the last one may be left out if nothing before it can be
   * what a majority holds.
   */
  readonly batchEnds: readonly bigint[];
}

/** The log of a node that has none yet. */
export const EMPTY_LOG: LogView = {
  id: undefined,
  last: 0n,
  synced: 0n,
  batchEnds: [],
  marks: [],
  configurations: [],
};

/** Where the log ends. */
export function positionOf({ marks, last }: LogTail): Position {
  return { term: marks.at(-1)?.term ?? 0n, index: last };
}

/** The last configuration at or before an index. */
export function configurationAt(
  { configurations }: LogTail,
  index: bigint,
): StoredConfiguration | undefined {
  return configurations.findLast((stored) => stored.index <= index);
}

/** The last configuration of the log, committed or not. */
export function configurationInForce(log: LogTail): Configuration | undefined {
  return log.configurations.at(-1)?.configuration;
}

/** The last end of a batch at or before an index; 0 if none is known. */
export function batchEndAt({ batchEnds }: LogTail, index: bigint): bigint {
  let low = 0;
  let high = batchEnds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (batchEnds[middle]! <= index) low = middle + 1;
    else high = middle;
  }
  return batchEnds[low - 1] ?? 0n;
}

/** A view that a machine keeps up to date. */
export interface OwnLog extends LogView {
  id: string | undefined;
  last: bigint;
  synced: bigint;
  readonly batchEnds: bigint[];
  readonly marks: Mark[];
  readonly configurations: StoredConfiguration[];
}

export function ownLog(view: LogView): OwnLog {
  return {
    ...view,
    batchEnds: [...view.batchEnds],
    marks: [...view.marks],
    configurations: [...view.configurations],
  };
}

/** Takes note of entries that were appended. */
export function extend(log: OwnLog, tail: LogTail): void {
  log.id ??= tail.id;
  log.last = tail.last;
  log.batchEnds.push(...tail.batchEnds);
  log.marks.push(...tail.marks);
  log.configurations.push(...tail.configurations);
}

/**
 * Forgets what a committed prefix no longer needs: all ends of batches in it but the last, and all
 * marks and configurations but the last that are committed.
 */
export function forgetBefore(log: OwnLog, committed: bigint): void {
  dropPassed(log.batchEnds, (end) => end <= committed);
  dropPassed(log.marks, ({ index }) => index <= committed);
  dropPassed(log.configurations, ({ index }) => index <= committed);
}

/** Drops all items that have passed, but for the last of them. */
function dropPassed<T>(items: T[], passed: (item: T) => boolean): void {
  let count = 0;
  while (count < items.length && passed(items[count]!)) count++;
  if (count > 1) items.splice(0, count - 1);
}
