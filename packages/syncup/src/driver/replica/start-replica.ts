import { SyncupError } from '../../errors.ts';
import { reasonOf } from '../connection/syncup-connection.ts';
import { Emitter } from '../emitter.ts';
import { replicateFromNoxu } from '../noxu/noxu-replica.ts';
import { replicateFromShoal } from '../shoal/shoal-replica.ts';
import { FATAL, type Replica, type ReplicaEvents, type ReplicaOptions } from './replica-options.ts';
import { ReplicaSession } from './replica-session.ts';

/**
 * Keeps a log in step with a feeder's: syncs up, rolls a diverged tail back, streams, and comes
 * back after a lost connection, until it is closed.
 *
 * Throws `argument` for a log whose fingerprints the dialect cannot compare.
 */
export function startReplica(options: ReplicaOptions): Replica {
  if (options.dialect === 'noxu' && options.log.chained) {
    throw new SyncupError('argument', 'a replica of a Noxu feeder needs unchained fingerprints');
  }
  const stop = new AbortController();
  const events = new Emitter<ReplicaEvents>();
  const session = new ReplicaSession(options, events, stop.signal);
  const closing = new SyncupError('closed', 'this replica is closed');
  const onAbort = (): void => stop.abort(closing);
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) onAbort();

  const finished = run(session).finally(async () => {
    options.signal?.removeEventListener('abort', onAbort);
    await session.transfer?.fail(closing);
  });
  finished.then(
    () => stop.abort(closing),
    (error: unknown) => stop.abort(error),
  );
  const close = async (): Promise<void> => {
    onAbort();
    await finished.catch(() => undefined);
  };
  return {
    get lag() {
      return session.lag;
    },
    on: (name, listener) => events.on(name, listener),
    applied: async (vlsn, { signal } = {}) => {
      await session.applied(vlsn, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
    },
    finished,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function run(session: ReplicaSession): Promise<void> {
  // Not in the same turn, so that listeners can be added first.
  await Promise.resolve();
  const { options, signal, events } = session;
  const { minDelay = 100, maxDelay = 10_000 } = options.reconnect || {};
  const { random = Math.random } = options;
  const replicate = options.dialect === 'noxu' ? replicateFromNoxu : replicateFromShoal;
  let failures = 0;
  while (!signal.aborted) {
    let error: unknown = new SyncupError('remote', 'the feeder ended the connection');
    try {
      await replicate(session, () => {
        failures = 0;
      });
    } catch (cause) {
      error = reasonOf(cause);
    }
    if (signal.aborted) break;
    const fatal = error instanceof SyncupError && FATAL.has(error.code);
    const stopped = fatal || options.reconnect === false;
    // Half fixed, half random: replicas that were cut off together do not come back together.
    const delay = Math.min(maxDelay, minDelay * 2 ** Math.min(failures++, 30));
    const retryIn = stopped ? undefined : delay * (0.5 + random() / 2);
    events.emit('disconnected', { error, retryIn });
    if (retryIn === undefined) throw error;
    await sleep(retryIn, signal);
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
