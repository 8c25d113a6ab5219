import type { ShoalStreamMessage } from '@shoal/wire';
import { SHOAL_FEATURES, SHOAL_STREAM_VERSION } from '@shoal/wire/internal';
import { SyncupError } from '../../errors.ts';
import { ChainedFingerprint } from '../../fingerprint/fingerprint.ts';
import type { LogView } from '../../log/log-store.ts';
import { runReplicaSyncup } from '../connection/run-handshake.ts';
import { clock } from '../connection/syncup-connection.ts';
import { AckSender } from '../replica/ack-sender.ts';
import { IncomingEntries } from '../replica/incoming-entries.ts';
import type { ReplicaSession } from '../replica/replica-session.ts';
import { RestoreTransfer } from '../replica/restore-transfer.ts';
import { ShoalChannel, tagOf } from './shoal-channel.ts';

type Welcome = Extract<ShoalStreamMessage, { type: 'welcome' }>;

/** One attempt on one connection: greeting, handshake, restore if need be, stream. */
export async function replicateFromShoal(
  session: ReplicaSession,
  begun: () => void,
): Promise<void> {
  const { crc32, log, heartbeatInterval = 1000 } = session.options;
  const channel = new ShoalChannel(await session.dial(), crc32);
  const { link } = channel;
  const feeder = link.connection.remoteAddress;
  let beat: ReturnType<typeof setInterval> | undefined;
  let failure: unknown;
  try {
    const welcome = await greet(session, channel);
    let feederLast = welcome.last;
    if (session.transfer !== undefined) {
      const { id: snapshot, received: offset } = session.transfer;
      feederLast = await restore(session, channel, { type: 'restoreResume', snapshot, offset });
    }
    for (;;) {
      const machine = session.machine({ feederEmpty: feederLast === 0n });
      const outcome = await runReplicaSyncup(channel, machine, log, async (plan) => {
        // A long rollback must not look like a dead replica.
        const alive = setInterval(() => channel.send(heartbeat(session)), heartbeatInterval);
        try {
          await session.carryOut(plan, feeder);
        } finally {
          clearInterval(alive);
        }
      });
      if (outcome.type === 'stream') {
        begun();
        session.noteFeeder(welcome.last);
        session.events.emit('streaming', { startVlsn: outcome.startVlsn, feeder });
        const acks = new AckSender(link, (vlsn) => channel.encode({ type: 'ack', vlsn }));
        // Not the log's end: what is there already may not be on stable storage yet.
        beat = setInterval(() => acks.send(session.lag.applied), heartbeatInterval);
        const chain =
          (welcome.features & SHOAL_FEATURES.chained) === 0
            ? undefined
            : await chainFrom(log, outcome.startVlsn - 1n);
        await stream(session, channel, acks, outcome.startVlsn, chain);
        return;
      }
      if (session.options.restore === false || (welcome.features & SHOAL_FEATURES.restore) === 0) {
        const text = `no matchpoint with ${feeder}: VLSN ${outcome.failedVlsn} was tried last`;
        throw new SyncupError('restore-needed', text);
      }
      feederLast = await restore(session, channel);
    }
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    clearInterval(beat);
    await channel.close(failure);
  }
}

async function greet(session: ReplicaSession, channel: ShoalChannel): Promise<Welcome> {
  const { label, log, name = '', restore, stepTimeout = 30_000 } = session.options;
  channel.send({
    type: 'hello',
    versionMin: SHOAL_STREAM_VERSION,
    versionMax: SHOAL_STREAM_VERSION,
    features:
      SHOAL_FEATURES.heartbeats |
      (log.chained ? SHOAL_FEATURES.chained : 0) |
      (restore === false ? 0 : SHOAL_FEATURES.restore),
    label: tagOf(label),
    term: session.term,
    name,
  });
  const expire = (): Error =>
    new SyncupError('timeout', `the feeder did not send a welcome within ${stepTimeout} ms`);
  channel.link.watch(clock() + stepTimeout, expire);
  const welcome = await channel.expect('welcome');
  channel.link.unwatch();
  if (welcome.version !== SHOAL_STREAM_VERSION) {
    throw new SyncupError('version', `the feeder chose version ${welcome.version}`);
  }
  if (welcome.label !== tagOf(label)) {
    throw new SyncupError('label', 'the feeder belongs to another cluster');
  }
  if (welcome.term < session.term) {
    const text = `the feeder leads in term ${welcome.term}, but term ${session.term} is known`;
    throw new SyncupError('stale-term', text);
  }
  await session.options.onTerm?.(welcome.term);
  session.term = welcome.term;
  const { durable } = log.range;
  if (welcome.last < durable && !session.options.rollback?.durableLimit) {
    // A majority holds what this feeder lacks: it cannot rightly lead.
    const text = `the feeder ends at VLSN ${welcome.last}, but ${durable} is known to be durable`;
    throw new SyncupError('rollback-prohibited', text);
  }
  return welcome;
}

function heartbeat(session: ReplicaSession): ShoalStreamMessage {
  const { last, durable } = session.options.log.range;
  return { type: 'heartbeat', term: session.term, last, durable, time: Date.now() };
}

/**
 * Brings a full copy in, from where an earlier transfer was cut if the feeder still can.
 * Resolves with the last VLSN inside.
 */
async function restore(
  session: ReplicaSession,
  channel: ShoalChannel,
  resume?: ShoalStreamMessage,
): Promise<bigint> {
  const { link } = channel;
  const { log, stepTimeout = 30_000 } = session.options;
  const watch = (what: string): void =>
    link.watch(
      clock() + stepTimeout,
      () => new SyncupError('timeout', `the feeder did not send ${what} within ${stepTimeout} ms`),
    );
  if (resume !== undefined) channel.send(resume);
  watch('restoreBegin');
  const { snapshot, size, offset, last } = await channel.expect('restoreBegin');
  if (session.transfer?.id !== snapshot || session.transfer.received !== offset) {
    if (offset !== 0) {
      throw new SyncupError('protocol', `expected a copy from byte 0 on, not from ${offset}`);
    }
    const stale = new SyncupError('snapshot', 'the feeder has begun with another copy');
    await session.transfer?.fail(stale);
    session.transfer = new RestoreTransfer(log, snapshot, size);
  }
  const { transfer } = session;
  try {
    for (;;) {
      watch('restoreChunk or restoreEnd');
      const message = await channel.next();
      link.unwatch();
      if (message?.type === 'restoreChunk') {
        await transfer.push(message.offset, message.bytes);
        session.events.emit('restoring', { done: transfer.received, total: size });
      } else if (message?.type === 'restoreEnd') {
        await keepingAlive(session, channel, transfer.complete(message.size, message.digest));
        session.transfer = undefined;
        await keepingAlive(session, channel, session.restored(log.range));
        return last;
      } else if (message === undefined) {
        throw new SyncupError('protocol', 'the feeder ended the connection during a restore');
      } else if (message.type !== 'heartbeat') {
        throw new SyncupError('protocol', `expected restoreChunk, not ${message.type}`);
      }
    }
  } catch (error) {
    // What cannot be mended by going on starts anew next time; a lost connection can.
    if (error instanceof SyncupError && error.code === 'snapshot') {
      await transfer.fail(error);
      session.transfer = undefined;
    }
    throw error;
  }
}

async function keepingAlive(
  session: ReplicaSession,
  channel: ShoalChannel,
  work: Promise<void>,
): Promise<void> {
  const { heartbeatInterval = 1000 } = session.options;
  const alive = setInterval(() => channel.send(heartbeat(session)), heartbeatInterval);
  try {
    await work;
  } finally {
    clearInterval(alive);
  }
}

/** What the fingerprint of the entry behind `vlsn` is chained to. */
async function chainFrom(log: LogView, vlsn: bigint): Promise<ChainedFingerprint> {
  const chain = new ChainedFingerprint();
  if (vlsn === 0n) return chain;
  const entry = await log.entry(vlsn);
  if (entry === undefined) throw new SyncupError('internal', `the matchpoint ${vlsn} is gone`);
  chain.low = Number(BigInt.asUintN(32, entry.fingerprint));
  chain.high = Number(entry.fingerprint >> 32n);
  return chain;
}

async function stream(
  session: ReplicaSession,
  channel: ShoalChannel,
  acks: AckSender,
  startVlsn: bigint,
  chain: ChainedFingerprint | undefined,
): Promise<void> {
  const { link } = channel;
  const { log, idleTimeout = 10_000 } = session.options;
  const expire = (): Error =>
    new SyncupError('timeout', `the feeder has been silent for ${idleTimeout} ms`);
  const incoming = new IncomingEntries(startVlsn, chain);
  await session.stream(link, acks, async (queue) => {
    // While this side makes the feeder wait, its silence proves nothing.
    link.watch(clock() + idleTimeout, expire);
    const message = await channel.next();
    if (message?.type === 'chainedEntries' && chain !== undefined) {
      const bytes = await link.next();
      link.unwatch();
      if (bytes === undefined) return false;
      incoming.takeChained(message, bytes, chain, queue);
      session.noteFeeder(incoming.next - 1n);
      return true;
    }
    link.unwatch();
    if (message === undefined) return false;
    if (message.type === 'entries' && chain === undefined) {
      incoming.takeChecked(message, queue);
      session.noteFeeder(incoming.next - 1n);
      return true;
    }
    if (message.type !== 'heartbeat') {
      const due = chain === undefined ? 'entries' : 'chainedEntries';
      throw new SyncupError('protocol', `expected ${due} or heartbeat, not ${message.type}`);
    }
    if (message.term !== session.term) {
      const found = `${message.term}, not ${session.term}`;
      throw new SyncupError('stale-term', `the feeder's term has become ${found}`);
    }
    session.noteFeeder(message.last);
    log.noteDurable(message.durable);
    session.events.emit('progress', session.lag);
    return true;
  });
}
