import type { SyncupMessage } from '@shoal/wire';
import { SHOAL_FEATURES } from '@shoal/wire/internal';
import { SyncupError } from '../../errors.ts';
import { runFeederHandshake } from '../connection/handshake-runner.ts';
import type { SyncupConnection } from '../connection/syncup-connection.ts';
import type { FeederSession } from '../feeder/feeder-session.ts';
import { welcomeReplica } from './greeting.ts';
import { type MessageOf, ShoalChannel, syncupMessage } from './shoal-channel.ts';
import { sendSnapshot } from './snapshot-transfer.ts';
import { streamToReplica } from './stream.ts';

/** Serves a connection in Shoal's own dialect. Its first frame, the hello, has been read. */
export async function serveShoal(
  session: FeederSession,
  connection: SyncupConnection,
  firstFrame: Uint8Array,
): Promise<void> {
  const { log, crc32 } = session.options;
  const channel = new ShoalChannel(connection, crc32);
  // Until the stream retains what it needs, keep everything that the replica may ask for.
  const retention = log.retain(log.range.first);
  let failure: unknown;
  try {
    const hello = channel.decode(firstFrame);
    if (hello.type !== 'hello') {
      throw new SyncupError('protocol', `expected hello, not ${hello.type}`);
    }
    const features = welcomeReplica(session, channel, hello);
    const name = hello.name === '' ? connection.address : hello.name;
    const startVlsn = await syncUp({ session, channel, name, features });
    if (startVlsn === undefined) return;
    const chained = (features & SHOAL_FEATURES.chained) !== 0;
    const streaming = streamToReplica({ session, channel, name, startVlsn, chained });
    retention[Symbol.dispose]();
    await streaming;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    retention[Symbol.dispose]();
    await channel.close(session.signal.aborted ? undefined : failure);
  }
}

interface Syncup {
  readonly session: FeederSession;
  readonly channel: ShoalChannel;
  readonly name: string;
  /** The features that both sides have. */
  readonly features: number;
}

/**
 * Serves handshakes, and the restores that they lead to, until one leads to a stream. Returns the
 * VLSN that it starts at; undefined if the replica ended the connection.
 */
async function syncUp({ session, channel, name, features }: Syncup): Promise<bigint | undefined> {
  const { log, stepTimeout, restore } = session.options;
  const { address } = channel.connection;
  for (let restored = false; ; restored = true) {
    const first = await firstRequest(channel, { stepTimeout, restored });
    if (first === undefined) return undefined;
    const resume = first.type === 'restoreResume' ? first : undefined;
    if (first.type !== 'restoreResume') {
      const outcome = await runFeederHandshake({ channel, log, stepTimeout, first });
      if (outcome === undefined) return undefined;
      session.events.emit({ type: 'syncup', outcome, address, name });
      if (outcome.type === 'stream') return outcome.startVlsn;
    }
    if (!restore || (features & SHOAL_FEATURES.restore) === 0) {
      throw new SyncupError('restore-needed', 'this feeder sends no snapshots');
    }
    await sendSnapshot(session, channel, resume);
  }
}

/** What the replica begins with: a handshake, or a restore that was interrupted. */
async function firstRequest(
  channel: ShoalChannel,
  { stepTimeout, restored }: { readonly stepTimeout: number; readonly restored: boolean },
): Promise<SyncupMessage | MessageOf<'restoreResume'> | undefined> {
  const { connection } = channel;
  const allow = (): void => connection.allow(stepTimeout, 'the replica sent no request');
  allow();
  // A replica that installs a snapshot sends heartbeats meanwhile, for as long as that takes.
  // Before it has asked for anything, heartbeats alone do not keep its connection open.
  const message = await channel.nextRequest(restored ? allow : () => {});
  connection.clearDeadline();
  if (message === undefined || message.type === 'restoreResume') return message;
  return syncupMessage(message);
}
