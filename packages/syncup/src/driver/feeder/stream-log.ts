import { toError } from '@shoal/async';
import { SyncupError } from '../../errors.ts';
import type { ReadOptions } from '../../log/log-store.ts';
import { reasonOf, type SyncupConnection } from '../connection/syncup-connection.ts';
import type { FeederSession, ServedReplica } from './feeder-session.ts';

/** How many entries a message holds at most: as many as a replica hashes at once. */
const MAX_ENTRIES = 4096;

/** How a dialect streams batches of entries. */
interface StreamDialect<Batch> {
  /** Reads the log in batches, following its tail. */
  read(from: bigint, options: ReadOptions): AsyncIterable<Batch>;
  /** The last VLSN of a batch. */
  lastOf(batch: Batch): bigint;
  /** Sends a batch. False means that the connection is full. */
  send(batch: Batch): boolean;
  /** Takes one message of the replica; false at the end. */
  receive(): Promise<boolean>;
}

/** What {@link streamLog} works with. */
export interface LogStream<Batch> {
  readonly session: FeederSession;
  readonly connection: SyncupConnection;
  readonly served: ServedReplica;
  readonly dialect: StreamDialect<Batch>;
}

/**
 * Streams a log to a replica, following its tail, until the connection ends: entries go out while
 * acknowledgements come in. The log keeps everything that the replica has not acknowledged.
 */
export async function streamLog<Batch>(stream: LogStream<Batch>): Promise<void> {
  const { session, connection, served, dialect } = stream;
  const { log, batchBytes } = session.options;
  const stop = new AbortController();
  const ended = new SyncupError('closed', 'the connection has ended');
  const retention = log.retain(served.sent);
  const receive = async (): Promise<void> => {
    try {
      while (await dialect.receive()) retention.advance(served.acked);
    } finally {
      stop.abort(ended);
    }
  };
  const receiving = receive();
  let failure: { readonly error: unknown } | undefined;
  try {
    const limits = { signal: stop.signal, maxBytes: batchBytes, maxEntries: MAX_ENTRIES };
    for await (const batch of dialect.read(served.sent + 1n, limits)) {
      served.sent = dialect.lastOf(batch);
      if (!dialect.send(batch)) await connection.ready();
    }
  } catch (error) {
    const reason = reasonOf(error);
    if (reason !== ended) {
      failure = { error: reason };
      // Whether the log or the connection failed, nothing more will be read.
      if (!stop.signal.aborted) connection.fail(toError(reason));
    }
  } finally {
    session.end(served);
    retention[Symbol.dispose]();
  }
  await receiving.catch((error: unknown) => {
    failure ??= { error };
  });
  if (failure) throw failure.error;
}
