import { decodeSyncup, encodeSyncup } from '@shoal/wire';
import type { HandshakeChannel } from '../connection/handshake-runner.ts';
import { decoded, type SyncupConnection } from '../connection/syncup-connection.ts';

/** The names of Noxu's services. A connection begins with a frame that holds one. */
export const NOXU_SERVICES = { syncup: 'REP_SYNCUP', feeder: 'PEER_FEEDER' } as const;

/** The handshake in Noxu's dialect: one message in a frame, decoded leniently. */
export function noxuChannel(connection: SyncupConnection): HandshakeChannel {
  return {
    connection,
    send: (message) => {
      connection.send(encodeSyncup(message));
    },
    receive: async () => {
      const frame = await connection.next();
      return frame && decoded(frame, (bytes) => decodeSyncup(bytes, { lenient: true }));
    },
  };
}
