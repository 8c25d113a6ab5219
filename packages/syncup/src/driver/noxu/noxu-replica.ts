import {
  decodeStreamFrame,
  decodeStreamReply,
  decodeSyncup,
  encodeAck,
  encodeStreamStart,
  encodeSyncup,
} from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import { NoxuFingerprint } from '../../fingerprint/fingerprint.ts';
import type { LogEntry } from '../../log/log-store.ts';
import { runReplicaSyncup, type SyncupChannel } from '../connection/run-handshake.ts';
import { clock, decoded, type Link } from '../connection/syncup-connection.ts';
import { AckSender } from '../replica/ack-sender.ts';
import type { ReplicaSession } from '../replica/replica-session.ts';

/** The names of Noxu's services: the first frame of a connection. */
export const NOXU_SYNCUP = 'REP_SYNCUP';
export const NOXU_FEEDER = 'PEER_FEEDER';

/** The handshake as Noxu speaks it: one message a frame, read leniently. */
export function noxuChannel(link: Link): SyncupChannel {
  return {
    link,
    send: (message) => {
      link.send(encodeSyncup(message));
    },
    receive: async () => {
      const frame = await link.next();
      return frame && decoded(frame, (bytes) => decodeSyncup(bytes, { lenient: true }));
    },
  };
}

/** One attempt: handshake, rollback, stream, until the connection is lost. */
export async function replicateFromNoxu(session: ReplicaSession, begun: () => void): Promise<void> {
  const matchpoint = await handshake(session);
  const link = await dialService(session, NOXU_FEEDER);
  try {
    const { log, crc32, stepTimeout = 30_000 } = session.options;
    // A Noxu feeder refuses to start behind its last entry, where a caught-up replica would:
    // so ask for the matchpoint itself, which must be what this log holds, and drop it.
    const own = matchpoint > 0n ? await log.entry(matchpoint) : undefined;
    link.send(encodeStreamStart(matchpoint > 0n ? matchpoint : 1n));
    link.watch(
      clock() + stepTimeout,
      () => new SyncupError('timeout', `no reply to the start request within ${stepTimeout} ms`),
    );
    const reply = await link.next();
    if (reply === undefined) throw ended();
    if (decoded(reply, (bytes) => decodeStreamReply(bytes, { lenient: true })) === 'restore') {
      throw new SyncupError('trimmed', `the feeder no longer holds VLSN ${matchpoint}`);
    }
    link.unwatch();
    begun();
    const feeder = link.connection.remoteAddress;
    session.events.emit('streaming', { startVlsn: matchpoint + 1n, feeder });
    let next = own ? matchpoint : matchpoint + 1n;
    const options = { lenient: true, ...(crc32 === undefined ? {} : { crc32 }) };
    await session.stream(link, new AckSender(link, encodeAck), async (queue) => {
      const bytes = await link.next();
      if (bytes === undefined) return false;
      const frame = decoded(bytes, (frameBytes) => decodeStreamFrame(frameBytes, options));
      if (frame.vlsn !== next) {
        throw new SyncupError('gap', `expected VLSN ${next} on the stream, not ${frame.vlsn}`);
      }
      next++;
      if (frame.vlsn > matchpoint) {
        session.noteFeeder(frame.vlsn);
        queue.push(frame);
      } else checkSame(own!, frame.type, frame.payload);
      return true;
    });
  } finally {
    await link.close();
  }
}

async function handshake(session: ReplicaSession): Promise<bigint> {
  const link = await dialService(session, NOXU_SYNCUP);
  try {
    const { log } = session.options;
    const feeder = link.connection.remoteAddress;
    // Two Noxu nodes hold the same record at different LSNs.
    const machine = session.machine({ compareLsn: false });
    const outcome = await runReplicaSyncup(noxuChannel(link), machine, log, (plan) =>
      session.carryOut(plan, feeder),
    );
    if (outcome.type === 'stream') return outcome.matchpoint;
    const text = `no matchpoint with ${feeder}: VLSN ${outcome.failedVlsn} was tried last`;
    throw new SyncupError('restore-needed', text);
  } finally {
    await link.close();
  }
}

async function dialService(session: ReplicaSession, name: string): Promise<Link> {
  const link = await session.dial();
  link.send(new TextEncoder().encode(name));
  return link;
}

/** The entry at the matchpoint comes once more: it had better be the same. */
function checkSame(own: LogEntry, type: number, payload: Uint8Array): void {
  const fingerprint = new NoxuFingerprint();
  fingerprint.next(type, payload);
  if (BigInt(fingerprint.low) === own.fingerprint) return;
  throw new SyncupError('protocol', `VLSN ${own.vlsn} has changed since the handshake`);
}

function ended(): SyncupError {
  return new SyncupError('protocol', 'the feeder ended the connection before it streamed');
}
