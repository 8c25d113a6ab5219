import { AsyncQueue } from '@shoal/async';
import type { Connection, Listener, StreamTransport } from './contracts.ts';
import { TransportError } from './errors.ts';

/** Options of {@link serviceListeners}. */
export interface ServiceListenersOptions {
  /** How long a peer may take to name its service, in ms, over 0. Default 5000. */
  readonly timeout?: number | undefined;
}

/**
 * Dials and names the service that is wanted: the first frame of the connection, 1..256 bytes of
 * UTF-8, which nothing answers (the convention of Noxu). A peer that does not have the service
 * closes the connection.
 *
 * Rejects as `dial` does, and with `argument` for a name of another length.
 */
export async function dialService(
  transport: StreamTransport,
  address: string,
  service: string,
  options?: { signal?: AbortSignal | undefined },
): Promise<Connection> {
  const name = encodeName(service);
  const connection = await transport.dial(address, options);
  connection.send(name);
  return connection;
}

/**
 * Splits a listener by the service that each peer names in its first frame: one listener per
 * name. A peer is broken off when it names an unknown or closed service, or none in time. The
 * number of peers that have not named one yet is bounded by the listener's own limit.
 *
 * Closing one of the listeners ends that service; closing the last one closes `listener`, and
 * closing `listener` ends them all. Throws `argument` for a bad name or time-out.
 *
 * ```ts
 * const { REP_SYNCUP, PEER_FEEDER } = serviceListeners(listener, ['REP_SYNCUP', 'PEER_FEEDER']);
 * for await (const connection of REP_SYNCUP) serve(connection);
 * ```
 */
export function serviceListeners<Name extends string>(
  listener: Listener,
  names: readonly Name[],
  options: ServiceListenersOptions = {},
): Record<Name, Listener> {
  const timeout = options.timeout ?? 5000;
  if (!(timeout > 0 && timeout < 2 ** 31)) {
    throw new TransportError('argument', `a timeout is 1..2147483647 ms, not ${timeout}`);
  }
  for (const name of names) encodeName(name);
  const open = new Map<string, AsyncQueue<Connection>>();
  const end = async (name: string): Promise<void> => {
    const reason = new TransportError('closed', `the service ${name} is closed`);
    for (const connection of open.get(name)?.end() ?? []) connection.abort(reason);
    open.delete(name);
    if (open.size === 0) await listener.close();
  };
  const entries = [...new Set(names)].map((name): [Name, Listener] => {
    const queue = new AsyncQueue<Connection>();
    open.set(name, queue);
    const close = (): Promise<void> => end(name);
    return [
      name,
      {
        address: listener.address,
        close,
        [Symbol.asyncDispose]: close,
        [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
      },
    ];
  });
  const endAll = (): void => {
    for (const name of [...open.keys()]) void end(name);
  };
  acceptAll(listener, open, timeout).then(endAll, endAll);
  return Object.fromEntries(entries) as Record<Name, Listener>;
}

async function acceptAll(
  listener: Listener,
  open: ReadonlyMap<string, AsyncQueue<Connection>>,
  timeout: number,
): Promise<void> {
  // Not one after another: a peer that names nothing must not hold up those behind it.
  for await (const connection of listener) void accept(connection, open, timeout);
}

async function accept(
  connection: Connection,
  open: ReadonlyMap<string, AsyncQueue<Connection>>,
  timeout: number,
): Promise<void> {
  const timer = setTimeout(() => {
    connection.abort(new TransportError('timeout', `no service named within ${timeout} ms`));
  }, timeout);
  try {
    const { value: first } = await connection[Symbol.asyncIterator]().next();
    const name =
      first && first.length <= 256 ? new TextDecoder('utf-8', { fatal: true }).decode(first) : '';
    if (open.get(name)?.push(connection)) return;
    connection.abort(new TransportError('protocol', 'the peer named no service that is open'));
  } catch (cause) {
    // Lost, or not UTF-8. In either case it is this peer's affair alone.
    connection.abort(new TransportError('protocol', 'the peer named no service', { cause }));
  } finally {
    clearTimeout(timer);
  }
}

function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length < 1 || bytes.length > 256) {
    throw new TransportError('argument', `a service name is 1..256 bytes, not ${bytes.length}`);
  }
  return bytes;
}
