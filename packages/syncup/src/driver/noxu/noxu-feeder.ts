import { decodeAck, decodeStreamStart, encodeStreamFrame, encodeStreamReply } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import { runFeederSyncup } from '../connection/run-handshake.ts';
import { clock, decoded, type Link } from '../connection/syncup-connection.ts';
import type { FeederSession } from '../feeder/feeder-session.ts';
import { feed } from '../feeder/stream-log.ts';
import { noxuChannel } from './noxu-replica.ts';

/** How many bytes of entries are sent, each in a frame of its own, before room is asked for. */
const MAX_UNASKED = 256 * 1024;

/** Answers a handshake on Noxu's `REP_SYNCUP`. */
export async function serveNoxuSyncup(session: FeederSession, link: Link): Promise<void> {
  const { log, stepTimeout = 30_000 } = session.options;
  const address = link.connection.remoteAddress;
  const outcome = await runFeederSyncup(noxuChannel(link), log, stepTimeout);
  if (outcome === undefined) return;
  // The stream is asked for on another connection, in a moment.
  if (outcome.type === 'stream') session.keepFor(outcome.startVlsn - 1n, stepTimeout);
  session.events.emit('syncup', { outcome, address, name: address });
}

/** Streams on Noxu's `PEER_FEEDER`. */
export async function serveNoxuStream(session: FeederSession, link: Link): Promise<void> {
  const { log, stepTimeout = 30_000, crc32 } = session.options;
  const address = link.connection.remoteAddress;
  link.watch(
    clock() + stepTimeout,
    () => new SyncupError('timeout', `no start request within ${stepTimeout} ms`),
  );
  const request = await link.next();
  link.unwatch();
  if (request === undefined) return;
  const asked = decoded(request, (bytes) => decodeStreamStart(bytes, { lenient: true }));
  const { first, last } = log.range;
  const start = asked === 0n ? first : asked;
  if (start < 1n || start < first || start > last + 1n) {
    link.send(encodeStreamReply('restore'));
    return;
  }
  link.send(encodeStreamReply('serve'));
  const served = session.begin(address, address, 'noxu', start - 1n);
  const options = crc32 === undefined ? {} : { crc32 };
  try {
    await feed(session, link, served, {
      read: (from, options) => log.read(from, { ...options, maxBytes: MAX_UNASKED }),
      lastOf: (batch) => batch.at(-1)!.vlsn,
      send: (batch) => {
        let room = true;
        for (const entry of batch) room = link.send(encodeStreamFrame(entry, options));
        return room;
      },
      receive: async () => {
        const frame = await link.next();
        if (frame === undefined) return false;
        session.acknowledge(
          served,
          decoded(frame, (bytes) => decodeAck(bytes, { lenient: true })),
        );
        return true;
      },
    });
  } finally {
    session.acks.forget(served.name);
  }
}
