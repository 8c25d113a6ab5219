import { SHOAL_FEATURES } from '@shoal/wire/internal';
import { SyncupError } from '../../errors.ts';
import { runReplicaHandshake } from '../connection/handshake-runner.ts';
import type { ReplicaSession } from '../replica/replica-session.ts';
import { greetFeeder } from './greeting.ts';
import { whileAlive } from './replica-heartbeat.ts';
import { ShoalChannel } from './shoal-channel.ts';
import { receiveSnapshot } from './snapshot-transfer.ts';
import { streamFromFeeder } from './stream.ts';

/**
 * One attempt on one connection: greeting, handshake, restore if there is no matchpoint, stream.
 * Calls `onStreaming` when the stream begins.
 */
export async function replicateFromShoal(
  session: ReplicaSession,
  onStreaming: () => void,
): Promise<void> {
  const channel = new ShoalChannel(await session.dial(), session.options.crc32);
  const feeder = channel.connection.address;
  let failure: unknown;
  try {
    const { last, features } = await greetFeeder(session, channel);
    const startVlsn = await syncUp({ session, channel, features, feederLast: last });
    onStreaming();
    session.noteFeeder(last);
    session.events.emit({ type: 'streaming', startVlsn, feeder });
    const chained = (features & SHOAL_FEATURES.chained) !== 0;
    await streamFromFeeder({ session, channel, startVlsn, chained });
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    await channel.close(failure);
  }
}

interface Syncup {
  readonly session: ReplicaSession;
  readonly channel: ShoalChannel;
  /** The features that both sides have. */
  readonly features: number;
  readonly feederLast: bigint;
}

/**
 * Resumes an interrupted restore, then runs handshakes, and the restores that they lead to, until
 * one leads to a stream. Returns the VLSN that it starts at. Throws `restore-needed` if there is
 * no matchpoint and no snapshot either.
 */
async function syncUp(syncup: Syncup): Promise<bigint> {
  const { session, channel, features } = syncup;
  const { log, restore } = session.options;
  const feeder = channel.connection.address;
  let { feederLast } = syncup;
  if (session.transfer !== undefined) {
    const { id: snapshot, received: offset } = session.transfer;
    channel.send({ type: 'restoreResume', snapshot, offset });
    feederLast = await receiveSnapshot(session, channel);
  }
  for (;;) {
    const outcome = await runReplicaHandshake({
      channel,
      machine: session.startSyncup({ feederEmpty: feederLast === 0n }),
      log,
      carryOut: (plan) => whileAlive(session, channel, () => session.carryOut(plan, feeder)),
    });
    if (outcome.type === 'stream') return outcome.startVlsn;
    if (!restore || (features & SHOAL_FEATURES.restore) === 0) {
      const text = `no matchpoint with ${feeder}: the last VLSN tried was ${outcome.failedVlsn}`;
      throw new SyncupError('restore-needed', text);
    }
    feederLast = await receiveSnapshot(session, channel);
  }
}
