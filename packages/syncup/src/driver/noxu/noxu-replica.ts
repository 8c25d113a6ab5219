import { decodeStreamFrame, decodeStreamReply, encodeAck, encodeStreamStart } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import { NoxuFingerprint } from '../../fingerprint/fingerprint.ts';
import type { LogEntry } from '../../log/log-store.ts';
import { runReplicaHandshake } from '../connection/handshake-runner.ts';
import { decoded, type SyncupConnection } from '../connection/syncup-connection.ts';
import { AckSender } from '../replica/ack-sender.ts';
import { ApplyQueue } from '../replica/apply-queue.ts';
import type { ReplicaSession } from '../replica/replica-session.ts';
import { NOXU_SERVICES, noxuChannel } from './noxu-services.ts';

/**
 * One attempt: a handshake, which rolls the log back, then the stream on a second connection.
 * Calls `onStreaming` when the stream begins.
 */
export async function replicateFromNoxu(
  session: ReplicaSession,
  onStreaming: () => void,
): Promise<void> {
  const matchpoint = await findMatchpoint(session);
  const connection = await dialService(session, NOXU_SERVICES.feeder);
  try {
    await requestStream(session, connection, matchpoint);
    onStreaming();
    const feeder = connection.address;
    session.events.emit({ type: 'streaming', startVlsn: matchpoint + 1n, feeder });
    await applyStream(session, connection, matchpoint);
  } finally {
    await connection.close();
  }
}

/** Runs the handshake. Throws `restore-needed` if there is no matchpoint: Noxu copies files. */
async function findMatchpoint(session: ReplicaSession): Promise<bigint> {
  const connection = await dialService(session, NOXU_SERVICES.syncup);
  try {
    const feeder = connection.address;
    const outcome = await runReplicaHandshake({
      channel: noxuChannel(connection),
      // Two Noxu nodes hold the same record at different LSNs.
      machine: session.startSyncup({ compareLsn: false }),
      log: session.options.log,
      carryOut: (plan) => session.carryOut(plan, feeder),
    });
    if (outcome.type === 'stream') return outcome.matchpoint;
    const text = `no matchpoint with ${feeder}: the last VLSN tried was ${outcome.failedVlsn}`;
    throw new SyncupError('restore-needed', text);
  } finally {
    await connection.close();
  }
}

async function dialService(session: ReplicaSession, name: string): Promise<SyncupConnection> {
  const connection = await session.dial();
  connection.send(new TextEncoder().encode(name));
  return connection;
}

/**
 * Asks for a stream that begins with the entry at the matchpoint: a Noxu feeder refuses to start
 * after its last entry, which is where a caught-up replica would start.
 */
async function requestStream(
  session: ReplicaSession,
  connection: SyncupConnection,
  matchpoint: bigint,
): Promise<void> {
  connection.send(encodeStreamStart(matchpoint > 0n ? matchpoint : 1n));
  connection.allow(session.options.stepTimeout, 'the feeder sent no reply to the start request');
  const reply = await connection.next();
  connection.clearDeadline();
  if (reply === undefined) {
    throw new SyncupError('protocol', 'the feeder ended the connection before the stream');
  }
  if (decoded(reply, (bytes) => decodeStreamReply(bytes, { lenient: true })) === 'restore') {
    throw new SyncupError('trimmed', `the feeder no longer holds VLSN ${matchpoint}`);
  }
}

/** Applies the stream, whose first entry is the one at the matchpoint if the log holds it. */
async function applyStream(
  session: ReplicaSession,
  connection: SyncupConnection,
  matchpoint: bigint,
): Promise<void> {
  const { log, crc32, maxPendingBytes } = session.options;
  const own = matchpoint > 0n ? await log.entry(matchpoint) : undefined;
  const queue = new ApplyQueue(maxPendingBytes);
  const frameOptions = { lenient: true, crc32 };
  let next = own ? matchpoint : matchpoint + 1n;
  const receive = async (): Promise<boolean> => {
    const bytes = await connection.next();
    if (bytes === undefined) return false;
    const frame = decoded(bytes, (frameBytes) => decodeStreamFrame(frameBytes, frameOptions));
    if (frame.vlsn !== next) {
      throw new SyncupError('gap', `the stream continues at VLSN ${frame.vlsn}, not ${next}`);
    }
    next++;
    if (frame.vlsn > matchpoint) {
      session.noteFeeder(frame.vlsn);
      queue.push(frame);
    } else checkUnchanged(own!, frame);
    return true;
  };
  const acks = new AckSender(connection, encodeAck);
  await session.applyStream({ connection, acks, queue, receive });
}

/** Throws `protocol` if the feeder's entry at the matchpoint is not the replica's. */
function checkUnchanged(
  own: LogEntry,
  sent: { readonly type: number; readonly payload: Uint8Array },
): void {
  const fingerprint = new NoxuFingerprint();
  fingerprint.next(sent.type, sent.payload);
  if (BigInt(fingerprint.low) === own.fingerprint) return;
  throw new SyncupError('protocol', `VLSN ${own.vlsn} has changed since the handshake`);
}
