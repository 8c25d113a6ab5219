import type { SyncupEntry } from '@shoal/wire';
import { SyncupError } from '../errors.ts';
import type { LogEntry } from '../log/log-store.ts';
import type { SearchReply } from './search-step.ts';

/** Whether the feeder's entry is the replica's sync point. */
export type Matches = (own: LogEntry, theirs: SyncupEntry) => boolean;

/**
 * How entries are compared: by fingerprint, and by LSN unless `compareLsn` is false. They match only
 * if the entry is a sync point on both sides: the stream must not begin in the middle of a batch.
 */
export function matcher(compareLsn: boolean): Matches {
  return (own, theirs) =>
    theirs.isSync &&
    own.fingerprint === theirs.fingerprint &&
    (!compareLsn || own.lsn === theirs.lsn);
}

/**
 * Throws `protocol` for a reply that does not answer the request for VLSN `asked`. Only the first
 * request of a search may be answered with an alternate: a sync point below it.
 */
export function checkReply(
  reply: SearchReply,
  request: { readonly asked: bigint; readonly isFirst: boolean },
): void {
  if (reply.type === 'notFound') return;
  const { asked, isFirst } = request;
  const { vlsn, isSync } = reply.entry;
  if (reply.type === 'entry') {
    if (vlsn === asked) return;
    throw new SyncupError('protocol', `expected the entry at VLSN ${asked}, not ${vlsn}`);
  }
  if (!isFirst) {
    throw new SyncupError('protocol', `expected an entry at VLSN ${asked}, not an alternate`);
  }
  if (!isSync || vlsn < 1n || vlsn >= asked) {
    const found = `${vlsn}${isSync ? '' : ', which is not a sync point'}`;
    const text = `expected an alternate sync point below VLSN ${asked}, not ${found}`;
    throw new SyncupError('protocol', text);
  }
}
