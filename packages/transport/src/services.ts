import { AsyncQueue } from '@shoal/async';
import type { Connection, Listener, StreamTransport } from './contracts.ts';
import { TransportError } from './errors.ts';
import { wholeNumber } from './whole-number.ts';

/** The longest name of a service, in bytes of UTF-8. */
const MAX_NAME_LENGTH = 256;

/** Options of {@link serviceListeners}. */
export interface ServiceListenersOptions {
  /** How long a peer may take to name its service, in ms, from 1. Default 5000. */
  readonly timeout?: number | undefined;
  /**
   * The longest frame that a peer may send to a service, in bytes, by the name of the service. Default:
   * what the transport allows.
   */
  readonly maxFrameLengths?: Readonly<Record<string, number>> | undefined;
}

/**
 * Dials a named service. The name, 1..256 bytes of UTF-8, is the first frame of the connection and
 * gets no answer (the convention of Noxu). A peer without that service breaks the connection.
 *
 * Rejects as `dial` does, and with `argument` for a name that is empty or longer.
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
 * Splits a listener into one listener per service, by the name in the first frame of each
 * connection. A connection that names an unknown or closed service, or none in time, is aborted.
 * The listener's own limit bounds the number of connections that have not named a service yet.
 *
 * Closing one of the returned listeners ends its service. Closing the last one closes `listener`;
 * closing `listener` closes them all. Throws `argument` for a name or timeout out of range.
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
  const timeout = wholeNumber(options, 'timeout', { preset: 5000, min: 1 });
  const limits = options.maxFrameLengths ?? {};
  for (const name of names) encodeName(name);
  const open = new Map<string, AsyncQueue<Connection>>();
  const end = async (name: string): Promise<void> => {
    const reason = new TransportError('closed', `service ${name} is closed`);
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
  acceptAll(listener, { open, timeout, limits }).then(endAll, endAll);
  return Object.fromEntries(entries) as Record<Name, Listener>;
}

interface Services {
  readonly open: ReadonlyMap<string, AsyncQueue<Connection>>;
  readonly timeout: number;
  readonly limits: Readonly<Record<string, number>>;
}

async function acceptAll(listener: Listener, services: Services): Promise<void> {
  // Concurrently: a peer that names nothing must not delay the next ones.
  for await (const connection of listener) void accept(connection, services);
}

async function accept(connection: Connection, services: Services): Promise<void> {
  const { open, timeout, limits } = services;
  const timer = setTimeout(() => {
    connection.abort(
      new TransportError('timeout', `the peer named no service within ${timeout} ms`),
    );
  }, timeout);
  connection.limitFrames?.(MAX_NAME_LENGTH);
  try {
    const { value: first } = await connection[Symbol.asyncIterator]().next();
    const name =
      first && first.length <= MAX_NAME_LENGTH
        ? new TextDecoder('utf-8', { fatal: true }).decode(first)
        : '';
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    connection.limitFrames?.(limit ?? Number.POSITIVE_INFINITY);
    if (open.get(name)?.push(connection)) return;
    connection.abort(
      new TransportError('protocol', 'the peer named a service that is not available'),
    );
  } catch (cause) {
    // Lost, or not UTF-8: either way it concerns this peer only.
    connection.abort(new TransportError('protocol', 'the peer named no service', { cause }));
  } finally {
    clearTimeout(timer);
  }
}

function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length < 1 || bytes.length > 256) {
    throw new TransportError(
      'argument',
      `a service name must have 1..256 bytes, not ${bytes.length}`,
    );
  }
  return bytes;
}
