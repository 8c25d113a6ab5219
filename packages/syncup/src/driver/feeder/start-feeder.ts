import type { Connection } from '@shoal/transport';
import { SyncupError } from '../../errors.ts';
import { clock, closeTimeoutOf, Link, reasonOf } from '../connection/syncup-connection.ts';
import { serveNoxuStream, serveNoxuSyncup } from '../noxu/noxu-feeder.ts';
import { NOXU_FEEDER, NOXU_SYNCUP } from '../noxu/noxu-replica.ts';
import { serveShoal } from '../shoal/shoal-feeder.ts';
import type { Feeder, FeederOptions } from './feeder-options.ts';
import { FeederSession } from './feeder-session.ts';

/**
 * Feeds replicas from a log: answers their handshakes, streams what they lack and whatever is
 * appended from then on, and keeps account of their acknowledgements. Shoal and Noxu replicas
 * may use the same listener; their first frame tells them apart.
 */
export function startFeeder(options: FeederOptions): Feeder {
  const stop = new AbortController();
  const closing = new SyncupError('closed', 'this feeder is closed');
  const session = new FeederSession(options, stop.signal);
  const { dialects = ['shoal', 'noxu'], listener, maxConnections = 1024, log } = options;
  const connections = new Set<Promise<void>>();

  const serve = async (connection: Connection, service?: string): Promise<void> => {
    const link = new Link(connection, stop.signal, closeTimeoutOf(options));
    let error: unknown;
    try {
      await dispatch(link, service);
    } catch (cause) {
      error = reasonOf(cause);
    } finally {
      await link.close();
    }
    const address = connection.remoteAddress;
    if (!stop.signal.aborted) session.events.emit('disconnected', { address, error });
  };

  const dispatch = async (link: Link, service: string | undefined): Promise<void> => {
    const { stepTimeout = 30_000 } = options;
    let first: Uint8Array | undefined;
    if (service === undefined) {
      link.watch(
        clock() + stepTimeout,
        () => new SyncupError('timeout', `the replica said nothing within ${stepTimeout} ms`),
      );
      first = await link.next();
      link.unwatch();
      if (first === undefined) return;
    }
    const noxu = dialects.includes('noxu') && !log.chained;
    const name = service ?? serviceName(first!);
    if (noxu && name === NOXU_SYNCUP) await serveNoxuSyncup(session, link);
    else if (noxu && name === NOXU_FEEDER) await serveNoxuStream(session, link);
    else if (name === undefined && dialects.includes('shoal')) {
      await serveShoal(session, link, first!);
    } else {
      const error = new SyncupError('protocol', `the service ${name} is not to be had here`);
      link.abort(error);
      throw error;
    }
  };

  const start = (connection: Connection, service?: string): Promise<void> => {
    if (stop.signal.aborted || connections.size >= maxConnections) {
      connection.abort(new SyncupError('closed', `${maxConnections} connections are served`));
      return Promise.resolve();
    }
    const served = serve(connection, service);
    connections.add(served);
    void served.then(() => connections.delete(served));
    return served;
  };

  const accepting = (async () => {
    if (listener) for await (const connection of listener) void start(connection);
  })();

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= (async () => {
      stop.abort(closing);
      options.signal?.removeEventListener('abort', onAbort);
      await listener?.close();
      await accepting.catch(() => undefined);
      await Promise.all(connections);
      await session.dispose(closing);
    })();
    return closed;
  };
  const onAbort = (): void => void close();
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) onAbort();
  // A listener that fails has nothing more to give; those who are served may stay.
  accepting.catch(() => undefined);

  return {
    replicas: () => [...session.served].map((served) => session.status(served)),
    on: (name, listenerOf) => session.events.on(name, listenerOf),
    waitForAcks: async (vlsn, count, { signal } = {}) => {
      if (!(Number.isSafeInteger(count) && count >= 1)) {
        throw new SyncupError('argument', `count must be a whole number from 1, not ${count}`);
      }
      await session.acks.wait(vlsn, { count, signal });
    },
    serve: start,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The service that a first frame names; undefined for Shoal's hello, which is no text. */
function serviceName(frame: Uint8Array): string | undefined {
  if (frame.length < 1 || frame.length > 256 || frame[0]! < 0x20) return undefined;
  return new TextDecoder().decode(frame);
}
