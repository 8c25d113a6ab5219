import { onAbort } from '@shoal/async';
import type { Connection } from '@shoal/transport';
import { SyncupError } from '../../errors.ts';
import { attemptError, SyncupConnection } from '../connection/syncup-connection.ts';
import { serveNoxuHandshake, serveNoxuStream } from '../noxu/noxu-feeder.ts';
import { NOXU_SERVICES } from '../noxu/noxu-services.ts';
import { serveShoal } from '../shoal/shoal-feeder.ts';
import { type Feeder, type FeederOptions, resolveFeederOptions } from './feeder-options.ts';
import { FeederSession } from './feeder-session.ts';

/**
 * Feeds replicas from a log: answers their handshakes, streams the entries that they lack and
 * those that are appended later, and counts their acknowledgements. Shoal and Noxu replicas may
 * use the same listener: the first frame of a connection tells them apart.
 */
export function startFeeder(options: FeederOptions): Feeder {
  const stop = new AbortController();
  const closing = new SyncupError('closed', 'this feeder is closed');
  const session = new FeederSession(resolveFeederOptions(options), stop.signal);
  const { listener } = options;
  const serving = new Set<Promise<void>>();

  const serve = (connection: Connection, service?: string): Promise<void> => {
    const { maxConnections } = session.options;
    if (stop.signal.aborted || serving.size >= maxConnections) {
      const full = `this feeder serves ${maxConnections} connections already`;
      connection.abort(stop.signal.aborted ? closing : new SyncupError('closed', full));
      return Promise.resolve();
    }
    const served = serveConnection(session, connection, service);
    serving.add(served);
    void served.then(() => serving.delete(served));
    return served;
  };

  const accept = async (): Promise<void> => {
    if (listener) for await (const connection of listener) void serve(connection);
  };
  // Connections that were accepted before a listener failed are still served.
  const accepting = accept().catch(() => {});

  const shutDown = async (): Promise<void> => {
    stop.abort(closing);
    await listener?.close();
    await accepting;
    await Promise.all(serving);
    await session.dispose(closing);
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    cancelAbort();
    closed ??= shutDown();
    return closed;
  };
  let cancelAbort = (): void => {};
  cancelAbort = onAbort(options.signal, () => void close());

  return {
    replicas: () => session.replicas(),
    on: (type, handler, listenOptions) => session.events.on(type, handler, listenOptions),
    events: (eventsOptions) => session.events.events(eventsOptions),
    waitForAcks: async (vlsn, count, { signal } = {}) => {
      if (!(Number.isSafeInteger(count) && count >= 1)) {
        throw new SyncupError(
          'argument',
          `count must be a whole number of at least 1, not ${count}`,
        );
      }
      await session.acks.wait(vlsn, { count, signal });
    },
    serve,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function serveConnection(
  session: FeederSession,
  connection: Connection,
  service: string | undefined,
): Promise<void> {
  const { options, signal, events } = session;
  const { stepTimeout } = options;
  const address = connection.remoteAddress;
  const syncupConnection = new SyncupConnection({ connection, signal, stepTimeout });
  let error: SyncupError | undefined;
  try {
    await dispatch(session, syncupConnection, service);
  } catch (cause) {
    error = attemptError(cause);
  } finally {
    await syncupConnection.close();
  }
  if (!signal.aborted) events.emit({ type: 'disconnected', address, error });
}

/** Serves a connection in the dialect of its first frame. */
async function dispatch(
  session: FeederSession,
  connection: SyncupConnection,
  service: string | undefined,
): Promise<void> {
  const { dialects, log, stepTimeout } = session.options;
  const servesNoxu = dialects.includes('noxu') && !log.chained;
  let requested = service;
  if (requested === undefined) {
    connection.allow(stepTimeout, 'the replica sent nothing');
    const first = await connection.next();
    connection.clearDeadline();
    if (first === undefined) return;
    requested = serviceNameOf(first);
    if (requested === undefined && dialects.includes('shoal')) {
      await serveShoal(session, connection, first);
      return;
    }
  }
  if (servesNoxu && requested === NOXU_SERVICES.syncup) {
    await serveNoxuHandshake(session, connection);
  } else if (servesNoxu && requested === NOXU_SERVICES.feeder) {
    await serveNoxuStream(session, connection);
  } else {
    const asked = requested === undefined ? 'the Shoal dialect' : `service ${requested}`;
    const error = new SyncupError('protocol', `${asked} is not available here`);
    connection.abort(error);
    throw error;
  }
}

/** The service that a first frame names; undefined for a hello of Shoal, which is not text. */
function serviceNameOf(frame: Uint8Array): string | undefined {
  if (frame.length < 1 || frame.length > 256 || frame[0]! < 0x20) return undefined;
  return new TextDecoder().decode(frame);
}
