import { type Fingerprinter, newFingerprinter, type TailReaders } from '@shoal/syncup/internal';
import type { BlockStore } from '../blocks/block-store.ts';
import { BlockWriter } from '../blocks/block-writer.ts';
import type { Entries } from '../blocks/entries.ts';
import type { Position } from '../blocks/position.ts';
import type { History } from '../history/history.ts';
import type { ResolvedOptions } from '../open/options.ts';
import type { Appender } from './appender.ts';
import type { DurableMark } from './durable-mark.ts';

/** What a log consists of while it is open. */
export interface LogState {
  readonly options: ResolvedOptions;
  readonly store: BlockStore;
  readonly history: History;
  readonly appender: Appender;
  readonly durable: DurableMark;
  readonly readers: TailReaders;
}

/** The last VLSN that can be read. */
export function lastOf({ appender }: LogState): number {
  return appender.visible.last;
}

/** The entries that can be read, including those that are not committed yet. */
export function readableEntries({ appender, history }: LogState): Entries {
  appender.stage();
  return history.entries;
}

/** A fingerprinter of the log's kind, before the first entry. */
export function fingerprinterOf({ fingerprint }: ResolvedOptions): Fingerprinter {
  return newFingerprinter(fingerprint);
}

/** A writer of blocks of this generation after `from`. */
export function writerFor(
  options: ResolvedOptions,
  generation: number,
  from: Position,
): BlockWriter {
  const { kinds } = options;
  return new BlockWriter({ generation, from, kinds, fingerprinter: fingerprinterOf(options) });
}
