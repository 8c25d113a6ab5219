import { SyncupError } from '@shoal/syncup';
import { BlockStore } from '../blocks/block-store.ts';
import { type Position, START } from '../blocks/position.ts';
import { ARCHIVES, type ArchiveRecord, GARBAGE, type LogRecord } from '../blocks/record.ts';
import type { Span } from '../blocks/span.ts';
import { History } from '../history/history.ts';
import { LmdbLog } from '../log/lmdb-log.ts';
import { makeDirectory } from './directory.ts';
import { type LmdbLogOptions, type ResolvedOptions, resolveOptions } from './options.ts';

/** The directories of the logs that this process has open. */
const openPaths = new Set<string>();

/**
 * Opens the log in a directory, or creates one. Removes what a crash has left: entries that no
 * append confirmed, and a restore that did not finish.
 *
 * A process can have a log open once. If another process opens it, that process takes the log over,
 * and writing here fails with `storage`.
 *
 * Throws `argument` if an option is out of range, differs from what the log was created with, or
 * the log is already open in this process; `storage` if the directory cannot be written; `corrupt`
 * if the directory holds something else or a damaged log; `version` if a later release wrote the
 * log; `missing-binary` if the native binary of lmdb cannot be loaded.
 */
export async function openLmdbLog(options: LmdbLogOptions): Promise<LmdbLog> {
  const resolved = resolveOptions(options);
  const { path, sync } = makeDirectory(resolved.path);
  if (openPaths.has(path))
    throw new SyncupError('argument', `this process already has the log in ${path} open`);
  openPaths.add(path);
  const onClosed = (): void => {
    openPaths.delete(path);
  };
  try {
    const store = await BlockStore.open({ path, cacheBytes: resolved.cacheBytes });
    try {
      const log = await openIn(store, resolved, onClosed);
      sync();
      return log;
    } catch (error) {
      await store.close();
      throw error;
    }
  } catch (error) {
    onClosed();
    throw error;
  }
}

async function openIn(
  store: BlockStore,
  options: ResolvedOptions,
  onClosed: () => void,
): Promise<LmdbLog> {
  const { kinds, fingerprint } = options;
  const kindsText = Array.from(kinds, (flags) => flags.toString(16)).join('');
  let record = store.record('log') as LogRecord | undefined;
  if (record === undefined) {
    if (!store.isEmpty())
      throw new SyncupError(
        'corrupt',
        'the data file holds entries, but the record of the log is missing',
      );
    record = {
      format: 1,
      fingerprint,
      kinds: kindsText,
      first: 1,
      spans: [{ generation: 1, first: 1, last: Number.POSITIVE_INFINITY }],
      base: START,
      nextGeneration: 2,
      nextArchive: 1,
      archives: [],
    };
    await store.commit({ records: { log: record, durable: 0 } });
  }
  if (record.format !== 1) {
    const text = `the log has format ${record.format}, and this release reads format 1`;
    throw new SyncupError('version', `${text}: use the release that wrote it, or a later one`);
  }
  if (record.fingerprint !== fingerprint) {
    throw new SyncupError(
      'argument',
      `the log was created with fingerprint ${record.fingerprint}, not ${fingerprint}`,
    );
  }
  if (record.kinds !== kindsText) {
    throw new SyncupError('argument', 'the log was created with other kinds');
  }
  const archives = store.records(ARCHIVES) as ArchiveRecord[];
  const ids = archives.map(({ id }) => id).join();
  if (ids !== record.archives.join()) {
    throw new SyncupError(
      'corrupt',
      `the data file holds archives [${ids}], not [${record.archives.join()}]`,
    );
  }
  const garbage = store.records(GARBAGE) as Span[];
  const generation = Math.max(record.nextGeneration, ...garbage.map((span) => span.generation + 1));
  const history = new History({ store, kinds, record, archives, generation });
  const end = endOf(store, record, options);
  await history.purge();
  const durable = store.record('durable') as number | undefined;
  if (durable === undefined)
    throw new SyncupError('corrupt', 'the record of the durable VLSN is missing');
  return new LmdbLog({ options, store, history, end, durable, onClosed });
}

/** The position after the last entry. Throws `corrupt`. */
function endOf(store: BlockStore, record: LogRecord, options: ResolvedOptions): Position {
  const { generation, first } = record.spans.at(-1)!;
  const block = store.find(generation, Number.MAX_SAFE_INTEGER);
  if (block === undefined) {
    // An empty span begins after its base. A trimmed one always has entries.
    if (record.base.last + 1 !== first)
      throw new SyncupError('corrupt', 'the last entry is missing');
    return record.base;
  }
  if (block.last < first) throw new SyncupError('corrupt', 'the last entries are missing');
  return block.positionAt(block.count, options.kinds);
}
