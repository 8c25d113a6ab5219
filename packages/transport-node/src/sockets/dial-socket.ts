import type { Socket } from 'node:net';
import { TransportError } from '@shoal/transport';
import { systemError, withDeadline } from '@shoal/transport/internal';

/** Options of {@link dialSocket}. */
export interface DialSocketOptions<T> {
  /** The event by which the socket says that it is ready for use. */
  readonly readyEvent: 'connect' | 'secureConnect';
  /** Names the operation in errors. */
  readonly doing: string;
  /** How long it may take, in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  /** Called when the socket is ready: checks the peer, and makes the connection. */
  readonly connect: () => T;
}

/**
 * Waits until a new socket is ready for use and returns what `connect` returns. Destroys the socket
 * if anything fails.
 */
export async function dialSocket<T>(socket: Socket, options: DialSocketOptions<T>): Promise<T> {
  try {
    return await withDeadline(opened(socket, options), options);
  } catch (error) {
    // A destroyed socket may still report errors.
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
}

function opened<T>(socket: Socket, options: DialSocketOptions<T>): Promise<T> {
  const { readyEvent, doing, connect } = options;
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void => reject(systemError(doing, cause));
    const onClose = (): void => reject(new TransportError('reset', `${doing}: connection reset`));
    socket.on('error', onError);
    socket.once('close', onClose);
    socket.once(readyEvent, () => {
      try {
        // Within this event: a socket must never be without a listener for its errors.
        resolve(connect());
      } catch (cause) {
        return reject(systemError(doing, cause));
      }
      socket.off('error', onError);
      socket.off('close', onClose);
    });
  });
}
