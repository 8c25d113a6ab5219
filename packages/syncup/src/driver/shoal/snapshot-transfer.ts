import { GOODBYE } from '@shoal/wire/internal';
import { SyncupError } from '../../errors.ts';
import { Hash64 } from '../../fingerprint/hash64.ts';
import type { Snapshot } from '../../log/log-store.ts';
import type { FeederSession } from '../feeder/feeder-session.ts';
import type { ReplicaSession } from '../replica/replica-session.ts';
import { RestoreTransfer } from '../replica/restore-transfer.ts';
import { whileAlive } from './replica-heartbeat.ts';
import type { MessageOf, ShoalChannel } from './shoal-channel.ts';

/** Sends a snapshot, from where an interrupted restore of the same one left off. */
export async function sendSnapshot(
  session: FeederSession,
  channel: ShoalChannel,
  resume: MessageOf<'restoreResume'> | undefined,
): Promise<void> {
  const { snapshots, options } = session;
  const snapshot = await openSnapshot(session, channel, resume?.snapshot);
  // Keep the entries after the snapshot: the replica will ask for them next.
  const retention = options.log.retain(snapshot.last);
  let sent: 'whole' | 'in-part' = 'in-part';
  try {
    const { id, size } = snapshot;
    const isSame = resume?.snapshot === id && resume.offset <= size;
    await sendFrom(isSame ? resume.offset : 0, { session, channel, snapshot });
    sent = 'whole';
  } finally {
    retention[Symbol.dispose]();
    await snapshots.close(snapshot, sent);
  }
}

/** Opens a snapshot; tells the replica to come back later if too many are being sent. */
async function openSnapshot(
  session: FeederSession,
  channel: ShoalChannel,
  id: bigint | undefined,
): Promise<Snapshot> {
  try {
    return await session.snapshots.open(id);
  } catch (error) {
    if (error instanceof SyncupError && error.code === 'remote') {
      channel.send({ type: 'goodbye', code: GOODBYE.overload, reason: error.message });
    }
    throw error;
  }
}

async function sendFrom(
  offset: number,
  transfer: {
    readonly session: FeederSession;
    readonly channel: ShoalChannel;
    readonly snapshot: Snapshot;
  },
): Promise<void> {
  const { session, channel, snapshot } = transfer;
  const { connection } = channel;
  const { id, size, last } = snapshot;
  const { address } = connection;
  session.events.emit({ type: 'restore', address, offset, total: size });
  channel.send({ type: 'restoreBegin', snapshot: id, size, offset, last });
  const hash = new Hash64();
  let position = 0;
  // The digest covers the whole snapshot, so bytes before the offset are hashed but not sent.
  for await (const bytes of snapshot.chunks()) {
    hash.update(bytes);
    const skip = Math.min(Math.max(0, offset - position), bytes.length);
    position += bytes.length;
    if (skip === bytes.length) continue;
    const chunk = bytes.subarray(skip);
    const at = position - chunk.length;
    if (channel.send({ type: 'restoreChunk', offset: at, bytes: chunk })) continue;
    connection.allow(session.options.stepTimeout, 'the replica took no bytes');
    await connection.ready();
    connection.clearDeadline();
  }
  channel.send({ type: 'restoreEnd', size: position, digest: hash.digest() });
}

/**
 * Receives a snapshot that replaces the log, from where an interrupted restore left off if the
 * feeder still has that snapshot. Returns the last VLSN of the snapshot.
 */
export async function receiveSnapshot(
  session: ReplicaSession,
  channel: ShoalChannel,
): Promise<bigint> {
  const { connection } = channel;
  const { log, stepTimeout } = session.options;
  connection.allow(stepTimeout, 'the feeder sent no restoreBegin');
  const { snapshot, size, offset, last } = await channel.expect('restoreBegin');
  const transfer = await transferOf({ session, snapshot, size, offset });
  try {
    for (;;) {
      connection.allowSilence(stepTimeout, 'the feeder sent neither restoreChunk nor restoreEnd');
      const message = await channel.next();
      connection.clearDeadline();
      if (message?.type === 'restoreChunk') {
        await transfer.push(message.offset, message.bytes);
        session.events.emit({ type: 'restoring', done: transfer.received, total: size });
      } else if (message?.type === 'restoreEnd') {
        const { size: sent, digest } = message;
        await whileAlive(session, channel, () => transfer.complete(sent, digest));
        session.transfer = undefined;
        await whileAlive(session, channel, () => session.restored(log.range));
        return last;
      } else if (message === undefined) {
        throw new SyncupError('protocol', 'the feeder ended the connection during a restore');
      } else if (message.type !== 'heartbeat') {
        throw new SyncupError('protocol', `expected restoreChunk, not ${message.type}`);
      }
    }
  } catch (error) {
    // A damaged snapshot is fetched anew. After a lost connection, the transfer can be resumed.
    if (error instanceof SyncupError && error.code === 'snapshot') {
      await transfer.fail(error);
      session.transfer = undefined;
    }
    throw error;
  }
}

/** The interrupted transfer if the feeder resumes it, else a new one. */
async function transferOf(begin: {
  readonly session: ReplicaSession;
  readonly snapshot: bigint;
  readonly size: number;
  readonly offset: number;
}): Promise<RestoreTransfer> {
  const { session, snapshot, size, offset } = begin;
  const interrupted = session.transfer;
  if (interrupted?.id === snapshot && interrupted.received === offset) return interrupted;
  if (offset !== 0) {
    throw new SyncupError('protocol', `expected a snapshot from byte 0 on, not from ${offset}`);
  }
  await interrupted?.fail(new SyncupError('snapshot', 'the feeder sends another snapshot'));
  session.transfer = new RestoreTransfer(session.options.log, snapshot, size);
  return session.transfer;
}
