import { AsyncQueue } from '@shoal/async';
import { type Connection, type Listener, serviceListeners } from '@shoal/transport';
import { MAX_FRAME_BYTES } from './messages/message-codec.ts';

/** The services of a node on its stream listeners, by the names that dialers send first. */
export const SERVICES = {
  /** Exchanges of membership states, and probes. */
  membership: 'shoal/membership',
  /** The log of the leader. */
  log: 'shoal/log',
  /** The messages of elections, and what leaders and followers tell each other. */
  consensus: 'shoal/consensus',
  /** The log of a voter, for the candidate that it has voted for. */
  source: 'shoal/source',
} as const;

/** The longest frame that a peer may send to each service, in bytes. */
const MAX_FRAME_LENGTHS: Readonly<Record<string, number>> = {
  [SERVICES.membership]: 65_536,
  // Followers and candidates ask and acknowledge; entries go the other way.
  [SERVICES.log]: 4096,
  [SERVICES.consensus]: MAX_FRAME_BYTES,
  [SERVICES.source]: 4096,
};

/** Listeners for the services of a log. */
export interface LogListeners {
  readonly log: Listener;
  readonly consensus: Listener;
  readonly source: Listener;
}

/** One listener for each service that this node provides. */
export interface ServiceListeners {
  readonly membership: Listener | undefined;
  readonly log: LogListeners | undefined;
}

/**
 * Accepts streams at all listeners, and sorts them by the services that they name. Streams to
 * services that this node does not provide are refused.
 */
export function acceptServices(
  listeners: readonly Listener[],
  provides: { readonly membership: boolean; readonly log: boolean },
): ServiceListeners {
  const { membership, log, consensus, source } = SERVICES;
  const names = [
    ...(provides.membership ? [membership] : []),
    ...(provides.log ? [log, consensus, source] : []),
  ];
  const options = { maxFrameLengths: MAX_FRAME_LENGTHS };
  const open = serviceListeners(mergedListener(listeners), names, options);
  return {
    membership: provides.membership ? open[membership] : undefined,
    log: provides.log
      ? { log: open[log], consensus: open[consensus], source: open[source] }
      : undefined,
  };
}

/** Hands on the connections of a listener until it ends or fails. Never rejects. */
export async function acceptAll(
  listener: Listener,
  take: (connection: Connection) => void,
): Promise<void> {
  try {
    for await (const connection of listener) take(connection);
  } catch {
    // The membership, which shares the listener, reports the failure as `listenFailed`.
  }
}

/**
 * Several listeners as one, such as those of TCP and WebSocket. Each of them bounds how many of its
 * connections wait. Ends when all of them have ended.
 */
function mergedListener(listeners: readonly Listener[]): Listener {
  const queue = new AsyncQueue<Connection>();
  const accepting = listeners.map((listener) =>
    acceptAll(listener, (connection) => {
      if (!queue.push(connection)) connection.abort(new Error('the listener is closed'));
    }),
  );
  void Promise.all(accepting).then(() => queue.end());
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  return {
    address: listeners[0]?.address ?? '',
    close,
    [Symbol.asyncDispose]: close,
    [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
  };
}
