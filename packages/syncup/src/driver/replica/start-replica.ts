import { Backoff, onAbort, pause } from '@shoal/async';
import { SyncupError } from '../../errors.ts';
import { attemptError, clock } from '../connection/syncup-connection.ts';
import { replicateFromNoxu } from '../noxu/noxu-replica.ts';
import { replicateFromShoal } from '../shoal/shoal-replica.ts';
import {
  FATAL,
  type Replica,
  type ReplicaOptions,
  resolveReplicaOptions,
} from './replica-options.ts';
import { ReplicaSession } from './replica-session.ts';

/**
 * Keeps a log in step with a feeder's: finds the matchpoint, rolls a diverged tail back, applies
 * the stream, and connects again after a failure, until it is closed.
 *
 * Throws `argument` if the dialect is `noxu` and the log's fingerprints are chained.
 */
export function startReplica(options: ReplicaOptions): Replica {
  if (options.dialect === 'noxu' && options.log.chained) {
    throw new SyncupError('argument', 'a Noxu feeder needs a log with unchained fingerprints');
  }
  const stop = new AbortController();
  const session = new ReplicaSession(resolveReplicaOptions(options), stop.signal);
  const { events } = session;
  const closing = new SyncupError('closed', 'this replica is closed');
  const cancelAbort = onAbort(options.signal, () => stop.abort(closing));

  const finished = run(session).finally(async () => {
    cancelAbort();
    await session.transfer?.fail(closing);
    events.end();
  });
  finished.then(
    () => stop.abort(closing),
    (error: unknown) => stop.abort(error),
  );
  const close = async (): Promise<void> => {
    stop.abort(closing);
    await finished.catch(() => undefined);
  };
  return {
    get lag() {
      return session.isStreaming ? session.lag : undefined;
    },
    on: (type, listener, listenOptions) => events.on(type, listener, listenOptions),
    events: (eventsOptions) => events.events(eventsOptions),
    applied: async (vlsn, { signal } = {}) => {
      await session.applied(vlsn, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
    },
    finished,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Makes one attempt after the other. Throws the error after which no other could succeed. */
async function run(session: ReplicaSession): Promise<void> {
  // Listeners that are added in this turn see the first events.
  await Promise.resolve();
  const { options, signal, events } = session;
  const { dialect, random } = options;
  const { minDelay = 100, maxDelay = 10_000 } = options.reconnect || {};
  const backoff = new Backoff({ minDelay, maxDelay, random });
  const replicate = dialect === 'noxu' ? replicateFromNoxu : replicateFromShoal;
  while (!signal.aborted) {
    let streamingSince: number | undefined;
    let error = new SyncupError('remote', 'the feeder ended the connection');
    session.beginAttempt();
    try {
      await replicate(session, () => {
        streamingSince = clock();
        session.isStreaming = true;
      });
    } catch (cause) {
      error = attemptError(cause);
    }
    session.isStreaming = false;
    if (signal.aborted) break;
    const gaveUp = FATAL.has(error.code) || options.reconnect === false;
    // A stream that brought nothing of what it should have brought is no success, however long.
    const isSuccess = streamingSince !== undefined && session.hasProgressed;
    const lasted = isSuccess ? clock() - streamingSince! : 0;
    const retryIn = gaveUp ? undefined : backoff.next({ lasted });
    events.emit({ type: 'disconnected', error, retryIn });
    if (retryIn === undefined) throw error;
    await pause(retryIn, signal);
  }
}
