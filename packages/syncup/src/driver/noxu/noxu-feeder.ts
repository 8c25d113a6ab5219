import { decodeAck, decodeStreamStart, encodeStreamFrame, encodeStreamReply } from '@shoal/wire';
import { runFeederHandshake } from '../connection/handshake-runner.ts';
import { decoded, type SyncupConnection } from '../connection/syncup-connection.ts';
import type { FeederSession } from '../feeder/feeder-session.ts';
import { streamLog } from '../feeder/stream-log.ts';
import { noxuChannel } from './noxu-services.ts';

/** How many bytes of entries are sent, each entry in its own frame, before checking for room. */
const BATCH_BYTES = 256 * 1024;

/** Answers a handshake of the service `REP_SYNCUP`. */
export async function serveNoxuHandshake(
  session: FeederSession,
  connection: SyncupConnection,
): Promise<void> {
  const { log, stepTimeout } = session.options;
  const { address } = connection;
  const channel = noxuChannel(connection);
  const outcome = await runFeederHandshake({ channel, log, stepTimeout });
  if (outcome === undefined) return;
  // The replica asks for the stream on a second connection, which it is about to open.
  if (outcome.type === 'stream') session.retainFor(stepTimeout, outcome.startVlsn - 1n);
  session.events.emit({ type: 'syncup', outcome, address, name: address });
}

/** Serves a stream of the service `PEER_FEEDER`. */
export async function serveNoxuStream(
  session: FeederSession,
  connection: SyncupConnection,
): Promise<void> {
  const { log, stepTimeout, idleTimeout, crc32 } = session.options;
  const { address } = connection;
  connection.allow(stepTimeout, 'the replica sent no start request');
  const request = await connection.next();
  connection.clearDeadline();
  if (request === undefined) return;
  const requested = decoded(request, (bytes) => decodeStreamStart(bytes, { lenient: true }));
  const { first, last } = log.range;
  const start = requested === 0n ? first : requested;
  if (start < 1n || start < first || start > last + 1n) {
    connection.send(encodeStreamReply('restore'));
    return;
  }
  connection.send(encodeStreamReply('serve'));
  const served = session.begin({ name: address, address, dialect: 'noxu', vlsn: start - 1n });
  try {
    await streamLog({
      session,
      connection,
      served,
      dialect: {
        read: (from, options) => log.read(from, { ...options, maxBytes: BATCH_BYTES }),
        lastOf: (batch) => batch.at(-1)!.vlsn,
        send: (batch) => {
          let hasRoom = true;
          for (const entry of batch) {
            hasRoom = connection.send(encodeStreamFrame(entry, { crc32 }));
          }
          return hasRoom;
        },
        receive: async () => {
          connection.allowPauses(
            idleTimeout,
            'the replica sent a part of an acknowledgement, but not the rest',
          );
          const frame = await connection.next();
          if (frame === undefined) return false;
          const vlsn = decoded(frame, (bytes) => decodeAck(bytes, { lenient: true }));
          session.acknowledge(served, vlsn);
          return true;
        },
      },
    });
  } finally {
    session.acks.forget(served.name);
  }
}
