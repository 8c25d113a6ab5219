import { AsyncQueue } from '@shoal/async';
import type { Connection, Listener } from '@shoal/transport';

/**
 * Several listeners as one, such as TCP's and WebSocket's. What waits to be taken is bounded by
 * the limits of each. It ends when all of them have ended.
 */
export function mergedListener(listeners: readonly Listener[]): Listener {
  const queue = new AsyncQueue<Connection>();
  const accepting = listeners.map(async (listener) => {
    for await (const connection of listener) {
      if (!queue.push(connection)) connection.abort(new Error('nobody takes connections any more'));
    }
  });
  void Promise.allSettled(accepting).then(() => queue.end());
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
