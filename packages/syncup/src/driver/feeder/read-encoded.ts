import { encodeEntries } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import type { EncodedEntries, LogStore, ReadOptions } from '../../log/log-store.ts';

/** Reads encoded entries from any chained log, whether or not it has `encoded` itself. */
export function readEncoded(
  log: LogStore,
  from: bigint,
  options: ReadOptions,
): AsyncIterable<EncodedEntries> {
  return log.encoded?.read(from, options) ?? encodeBatches(log, from, options);
}

async function* encodeBatches(
  log: LogStore,
  from: bigint,
  options: ReadOptions,
): AsyncGenerator<EncodedEntries, void, undefined> {
  for await (const batch of log.read(from, options)) {
    const { vlsn } = batch.at(-1)!;
    const entry = await log.entry(vlsn);
    if (entry === undefined) throw new SyncupError('rolled-back', `VLSN ${vlsn} was cut off`);
    yield {
      firstVlsn: batch[0]!.vlsn,
      count: batch.length,
      bytes: encodeEntries(batch),
      fingerprint: entry.fingerprint,
    };
  }
}
