import { SyncupError } from '../../errors.ts';
import type { ReadOptions } from '../../log/log-store.ts';
import { type Link, reasonOf, toError } from '../connection/syncup-connection.ts';
import type { FeederSession, Served } from './feeder-session.ts';

/** How many entries go into a frame: as many as a replica hashes at once. */
const MAX_ENTRIES = 4096;

/** How a dialect streams. */
export interface StreamOut<Batch> {
  /** Reads batches of the log, following its tail. */
  read(from: bigint, options: ReadOptions): AsyncIterable<Batch>;
  /** The last VLSN of a batch. */
  lastOf(batch: Batch): bigint;
  /** Sends a batch; false: the connection is full. */
  send(batch: Batch): boolean;
  /** Takes one message of the replica; false at the end. */
  receive(): Promise<boolean>;
}

/**
 * Streams a log to a replica, following its tail, until the connection is over: entries out
 * and acknowledgements in, at the same time. What is not acknowledged is not trimmed.
 */
export async function feed<Batch>(
  session: FeederSession,
  link: Link,
  served: Served,
  out: StreamOut<Batch>,
): Promise<void> {
  const { log, batchBytes = 512 * 1024 } = session.options;
  const stop = new AbortController();
  const over = new SyncupError('closed', 'the connection is over');
  const retention = log.retain(served.sent);
  const receiving = (async () => {
    try {
      while (await out.receive()) retention.advance(served.acked);
    } finally {
      stop.abort(over);
    }
  })();
  let failure: { error: unknown } | undefined;
  try {
    const limits = { maxBytes: batchBytes, maxEntries: MAX_ENTRIES };
    const batches = out.read(served.sent + 1n, { signal: stop.signal, ...limits });
    for await (const batch of batches) {
      served.sent = out.lastOf(batch);
      if (!out.send(batch)) await link.ready();
    }
  } catch (error) {
    const reason = reasonOf(error);
    if (reason !== over) {
      failure = { error: reason };
      // The log failed, or the connection did: in either case nothing more will be read.
      if (!stop.signal.aborted) link.abort(toError(reason));
    }
  } finally {
    session.served.delete(served);
    retention[Symbol.dispose]();
  }
  await receiving.catch((error: unknown) => {
    failure ??= { error };
  });
  if (failure) throw failure.error;
}
