import type { ShoalStreamMessage, SyncupMessage } from '@shoal/wire';
import { GOODBYE, SHOAL_FEATURES, SHOAL_STREAM_VERSION } from '@shoal/wire/internal';
import { SyncupError } from '../../errors.ts';
import { Hash64 } from '../../fingerprint/hash64.ts';
import { runFeederSyncup, type SyncupChannel } from '../connection/run-handshake.ts';
import { clock, type Link } from '../connection/syncup-connection.ts';
import type { FeederSession } from '../feeder/feeder-session.ts';
import { readEncoded } from '../feeder/outgoing-entries.ts';
import { feed } from '../feeder/stream-log.ts';
import { isSyncup, ShoalChannel, tagOf } from './shoal-channel.ts';

type Resume = Extract<ShoalStreamMessage, { type: 'restoreResume' }>;
type Hello = Extract<ShoalStreamMessage, { type: 'hello' }>;

/** Serves one connection of Shoal's own protocol, whose first frame has been read. */
export async function serveShoal(
  session: FeederSession,
  link: Link,
  firstFrame: Uint8Array,
): Promise<void> {
  const { log, stepTimeout = 30_000, crc32, restore } = session.options;
  const channel = new ShoalChannel(link, crc32);
  const address = link.connection.remoteAddress;
  let failure: unknown;
  // From the welcome on nothing is trimmed that this replica may still ask for.
  const retention = log.retain(log.range.first);
  try {
    const hello = channel.decode(firstFrame);
    if (hello.type !== 'hello') {
      throw new SyncupError('protocol', `expected hello, not ${hello.type}`);
    }
    const features = greet(session, channel, hello);
    const name = hello.name === '' ? address : hello.name;
    for (;;) {
      let resume: Resume | undefined;
      // A resume stands where the first request would.
      const syncup: SyncupChannel = {
        link,
        send: (message) => void channel.send(message),
        receive: async (alive) => {
          const message = await receive(channel, alive);
          if (message === undefined || isSyncup(message)) return message;
          resume = message;
          return undefined;
        },
      };
      const outcome = await runFeederSyncup(syncup, log, stepTimeout);
      link.unwatch();
      if (outcome !== undefined) session.events.emit('syncup', { outcome, address, name });
      if (outcome?.type === 'stream') {
        const chained = (features & SHOAL_FEATURES.chained) !== 0;
        await stream(session, channel, name, outcome.startVlsn, chained, () =>
          retention[Symbol.dispose](),
        );
        return;
      }
      if (outcome === undefined && resume === undefined) return;
      if (restore === false || (features & SHOAL_FEATURES.restore) === 0) {
        throw new SyncupError('restore-needed', 'no full copy is to be had here');
      }
      await sendSnapshot(session, channel, resume);
    }
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    retention[Symbol.dispose]();
    await channel.close(session.signal.aborted ? undefined : failure);
  }
}

/** Answers a hello; returns the features that both have. */
function greet(session: FeederSession, channel: ShoalChannel, hello: Hello): number {
  const { label, term = 0n, log, restore } = session.options;
  if (hello.versionMin > SHOAL_STREAM_VERSION || hello.versionMax < SHOAL_STREAM_VERSION) {
    const found = `${hello.versionMin}..${hello.versionMax}`;
    throw new SyncupError(
      'version',
      `version ${SHOAL_STREAM_VERSION} is spoken here, not ${found}`,
    );
  }
  if (hello.label !== tagOf(label)) {
    throw new SyncupError('label', 'the replica belongs to another cluster');
  }
  if (hello.term > term) {
    session.events.emit('stale-term', { term: hello.term });
    const text = `term ${hello.term} is known, but this feeder leads in term ${term}`;
    throw new SyncupError('stale-term', text);
  }
  const own =
    SHOAL_FEATURES.heartbeats |
    (log.chained ? SHOAL_FEATURES.chained : 0) |
    (restore === false ? 0 : SHOAL_FEATURES.restore);
  const features = own & hello.features;
  const { first, last } = log.range;
  channel.send({
    type: 'welcome',
    version: SHOAL_STREAM_VERSION,
    features,
    label: hello.label,
    term,
    first,
    last,
  });
  return features;
}

async function receive(
  channel: ShoalChannel,
  alive: () => void,
): Promise<SyncupMessage | Resume | undefined> {
  for (;;) {
    const message = await channel.next();
    if (message === undefined || isSyncup(message) || message.type === 'restoreResume') {
      return message;
    }
    if (message.type !== 'heartbeat') {
      throw new SyncupError('protocol', `expected a syncup message, not ${message.type}`);
    }
    alive();
  }
}

async function stream(
  session: FeederSession,
  channel: ShoalChannel,
  name: string,
  startVlsn: bigint,
  chained: boolean,
  retained: () => void,
): Promise<void> {
  const { link } = channel;
  const { log, term = 0n, heartbeatInterval = 1000, idleTimeout = 10_000 } = session.options;
  const { first, last } = log.range;
  if (startVlsn < first || startVlsn > last + 1n) {
    throw new SyncupError('trimmed', `VLSN ${startVlsn} is not held: ${first}..${last} are`);
  }
  const served = session.begin(name, link.connection.remoteAddress, 'shoal', startVlsn - 1n);
  let room = true;
  const beat = setInterval(() => {
    // Behind a full buffer a heartbeat would come late anyway.
    if (!room) return;
    const range = log.range;
    const time = Date.now();
    channel.send({ type: 'heartbeat', term, last: range.last, durable: range.durable, time });
  }, heartbeatInterval);
  const expire = (): Error =>
    new SyncupError('timeout', `the replica has been silent for ${idleTimeout} ms`);
  try {
    const follow = (sent: boolean): boolean => {
      room = sent;
      if (!sent)
        link
          .ready()
          .then(() => (room = true))
          .catch(() => undefined);
      return sent;
    };
    const receive = async (): Promise<boolean> => {
      link.watch(clock() + idleTimeout, expire);
      const message = await channel.next();
      if (message === undefined) return false;
      if (message.type === 'ack') session.acknowledge(served, message.vlsn);
      else if (message.type !== 'heartbeat') {
        throw new SyncupError('protocol', `expected ack or heartbeat, not ${message.type}`);
      }
      return true;
    };
    const feeding = chained
      ? feed(session, link, served, {
          receive,
          read: (from, options) =>
            log.encoded?.read(from, options) ?? readEncoded(log, from, options),
          lastOf: ({ firstVlsn, count }) => firstVlsn + BigInt(count - 1),
          send: ({ firstVlsn, count, bytes, fingerprint }) => {
            channel.send({ type: 'chainedEntries', fingerprint, firstVlsn, count });
            return follow(link.send(bytes));
          },
        })
      : feed(session, link, served, {
          receive,
          read: (from, options) => log.read(from, options),
          lastOf: (batch) => batch.at(-1)!.vlsn,
          send: (entries) =>
            follow(channel.send({ type: 'entries', firstVlsn: entries[0]!.vlsn, entries })),
        });
    // The stream holds on to what it needs by now.
    retained();
    await feeding;
  } finally {
    clearInterval(beat);
    // An address does not come back: who has no name is another replica next time.
    if (name === served.address) session.acks.forget(name);
  }
}

/** Sends a full copy, from where an earlier one was cut if that is the same. */
async function sendSnapshot(
  session: FeederSession,
  channel: ShoalChannel,
  resume: Resume | undefined,
): Promise<void> {
  const { link } = channel;
  const { stepTimeout = 30_000 } = session.options;
  const expire = (): Error =>
    new SyncupError('timeout', `the replica has taken nothing for ${stepTimeout} ms`);
  let snapshot: Awaited<ReturnType<FeederSession['openSnapshot']>>;
  try {
    snapshot = await session.openSnapshot(resume?.snapshot);
  } catch (error) {
    if (!(error instanceof SyncupError && error.code === 'remote')) throw error;
    channel.send({ type: 'goodbye', code: GOODBYE.overload, reason: error.message });
    throw error;
  }
  let complete = false;
  // What follows the copy in the log is what its taker will ask for next.
  const retention = session.options.log.retain(snapshot.last);
  try {
    const { id, size, last } = snapshot;
    const same = resume?.snapshot === id && resume.offset <= size;
    const offset = same ? resume.offset : 0;
    const address = link.connection.remoteAddress;
    session.events.emit('restore', { address, offset, total: size });
    channel.send({ type: 'restoreBegin', snapshot: id, size, offset, last });
    const hash = new Hash64();
    let position = 0;
    for await (const bytes of snapshot.chunks()) {
      hash.update(bytes);
      const skip = Math.min(Math.max(0, offset - position), bytes.length);
      position += bytes.length;
      if (skip === bytes.length) continue;
      const chunk = bytes.subarray(skip);
      const at = position - chunk.length;
      if (channel.send({ type: 'restoreChunk', offset: at, bytes: chunk })) continue;
      link.watch(clock() + stepTimeout, expire);
      await link.ready();
      link.unwatch();
    }
    channel.send({ type: 'restoreEnd', size: position, digest: hash.digest() });
    complete = true;
  } finally {
    retention[Symbol.dispose]();
    await session.closeSnapshot(snapshot, complete);
  }
}
