import { SyncupError } from '../../errors.ts';
import { ChainedFingerprint } from '../../fingerprint/fingerprint.ts';
import type { LogView } from '../../log/log-store.ts';
import type { FeederSession } from '../feeder/feeder-session.ts';
import { readEncoded } from '../feeder/read-encoded.ts';
import { streamLog } from '../feeder/stream-log.ts';
import { AckSender } from '../replica/ack-sender.ts';
import { ApplyQueue } from '../replica/apply-queue.ts';
import { IncomingEntries } from '../replica/incoming-entries.ts';
import type { ReplicaSession } from '../replica/replica-session.ts';
import type { ShoalChannel } from './shoal-channel.ts';

/** What {@link streamToReplica} works with. */
export interface OutgoingStream {
  readonly session: FeederSession;
  readonly channel: ShoalChannel;
  /** The name of the replica, or its address. */
  readonly name: string;
  readonly startVlsn: bigint;
  /** Whether entries are proven by chained fingerprints rather than checksums. */
  readonly chained: boolean;
}

/** Streams the log to a replica until the connection ends. Throws `trimmed` or `timeout`. */
export async function streamToReplica(outgoing: OutgoingStream): Promise<void> {
  const { session, channel, name, startVlsn, chained } = outgoing;
  const { connection } = channel;
  const { log, idleTimeout } = session.options;
  const { first, last } = log.range;
  if (startVlsn < first || startVlsn > last + 1n) {
    const held = `the log holds ${first} to ${last}`;
    throw new SyncupError('trimmed', `the stream cannot start at VLSN ${startVlsn}: ${held}`);
  }
  const { address } = connection;
  const served = session.begin({ name, address, dialect: 'shoal', vlsn: startVlsn - 1n });
  const receive = async (): Promise<boolean> => {
    connection.allow(idleTimeout, 'the replica sent nothing');
    const message = await channel.next();
    if (message === undefined) return false;
    if (message.type === 'ack') session.acknowledge(served, message.vlsn);
    else if (message.type !== 'heartbeat') {
      throw new SyncupError('protocol', `expected ack or heartbeat, not ${message.type}`);
    }
    return true;
  };
  const sender = new StreamSender(session, channel);
  try {
    if (chained) {
      await streamLog({
        session,
        connection,
        served,
        dialect: {
          receive,
          read: (from, options) => readEncoded(log, from, options),
          lastOf: ({ firstVlsn, count }) => firstVlsn + BigInt(count - 1),
          send: ({ firstVlsn, count, bytes, fingerprint }) => {
            channel.send({ type: 'chainedEntries', fingerprint, firstVlsn, count });
            return sender.sent(connection.send(bytes));
          },
        },
      });
    } else {
      await streamLog({
        session,
        connection,
        served,
        dialect: {
          receive,
          read: (from, options) => log.read(from, options),
          lastOf: (batch) => batch.at(-1)!.vlsn,
          send: (entries) =>
            sender.sent(channel.send({ type: 'entries', firstVlsn: entries[0]!.vlsn, entries })),
        },
      });
    }
  } finally {
    sender.stop();
    // Addresses change: a replica without a name comes back as another one.
    if (name === served.address) session.acks.forget(name);
  }
}

/** Sends heartbeats between the entries of a stream, except while the connection is full. */
class StreamSender {
  readonly #channel: ShoalChannel;
  readonly #beat: ReturnType<typeof setInterval>;
  #hasRoom = true;

  constructor(session: FeederSession, channel: ShoalChannel) {
    this.#channel = channel;
    const { log, term, heartbeatInterval } = session.options;
    this.#beat = setInterval(() => {
      // Behind a full buffer, a heartbeat would arrive late anyway.
      if (!this.#hasRoom) return;
      const { last, durable } = log.range;
      channel.send({ type: 'heartbeat', term, last, durable, time: Date.now() });
    }, heartbeatInterval);
  }

  /** Takes note of whether the connection had room after a message, and returns it. */
  sent(hadRoom: boolean): boolean {
    this.#hasRoom = hadRoom;
    if (!hadRoom) {
      const resume = (): void => {
        this.#hasRoom = true;
      };
      this.#channel.connection.ready().then(resume, () => undefined);
    }
    return hadRoom;
  }

  stop(): void {
    clearInterval(this.#beat);
  }
}

/** What {@link streamFromFeeder} works with. */
export interface IncomingShoalStream {
  readonly session: ReplicaSession;
  readonly channel: ShoalChannel;
  readonly startVlsn: bigint;
  /** Whether entries are proven by chained fingerprints rather than checksums. */
  readonly chained: boolean;
}

/**
 * Applies the feeder's stream until the connection ends. Throws `protocol`, `gap`, `timeout`,
 * `stale-term`, or what the log or the application threw.
 */
export async function streamFromFeeder(incoming: IncomingShoalStream): Promise<void> {
  const { session, channel, startVlsn, chained } = incoming;
  const { connection } = channel;
  const { log, heartbeatInterval, maxPendingBytes } = session.options;
  const acks = new AckSender(connection, (vlsn) => channel.encode({ type: 'ack', vlsn }));
  // What is applied, not the log's end: entries there may not be on stable storage yet.
  const showLife = (): void => acks.send(session.lag.applied);
  const beat = setInterval(showLife, heartbeatInterval);
  try {
    const chain = chained ? await chainAt(log, startVlsn - 1n) : undefined;
    const queue = new ApplyQueue(maxPendingBytes);
    const entries = new IncomingEntries(queue, startVlsn);
    const receive = (): Promise<boolean> =>
      receiveEntries({ session, channel, entries, chain, showLife });
    await session.applyStream({ connection, acks, queue, receive });
  } finally {
    clearInterval(beat);
  }
}

/** The chain of fingerprints up to the entry at `vlsn`. */
async function chainAt(log: LogView, vlsn: bigint): Promise<ChainedFingerprint> {
  const chain = new ChainedFingerprint();
  if (vlsn === 0n) return chain;
  const entry = await log.entry(vlsn);
  if (entry === undefined) {
    throw new SyncupError('internal', `the log no longer holds the matchpoint at VLSN ${vlsn}`);
  }
  chain.value = entry.fingerprint;
  return chain;
}

/** Takes one message of the stream; false at the end of the connection. */
async function receiveEntries(stream: {
  readonly session: ReplicaSession;
  readonly channel: ShoalChannel;
  readonly entries: IncomingEntries;
  readonly chain: ChainedFingerprint | undefined;
  /** Tells the feeder that this side is alive. */
  readonly showLife: () => void;
}): Promise<boolean> {
  const { session, channel, entries, chain, showLife } = stream;
  const { connection } = channel;
  // Only while this side waits for the feeder: when it applies, silence is its own fault.
  connection.allowSilence(session.options.idleTimeout, 'the feeder sent nothing');
  const message = await channel.next();
  if (message?.type === 'chainedEntries' && chain !== undefined) {
    const bytes = await connection.next();
    connection.clearDeadline();
    if (bytes === undefined) return false;
    entries.takeChained(message, bytes, chain);
    session.noteFeeder(entries.last);
    return true;
  }
  connection.clearDeadline();
  if (message === undefined) return false;
  if (message.type === 'entries' && chain === undefined) {
    entries.takeChecked(message);
    session.noteFeeder(entries.last);
    return true;
  }
  if (message.type === 'heartbeat') {
    takeHeartbeat(session, message);
    // On arrival, as the timers of a hidden page run once a minute.
    showLife();
    return true;
  }
  const expected = chain === undefined ? 'entries' : 'chainedEntries';
  throw new SyncupError('protocol', `expected ${expected} or heartbeat, not ${message.type}`);
}

function takeHeartbeat(
  session: ReplicaSession,
  heartbeat: { readonly term: bigint; readonly last: bigint; readonly durable: bigint },
): void {
  const { term, last, durable } = heartbeat;
  if (term !== session.term) {
    throw new SyncupError(
      'stale-term',
      `the feeder's term changed to ${term} from ${session.term}`,
    );
  }
  session.noteFeeder(last);
  session.options.log.noteDurable(durable);
  session.events.emit({ type: 'progress', ...session.lag });
}
