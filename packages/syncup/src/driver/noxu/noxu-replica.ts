import {
  decodeStreamFrame,
  decodeStreamReply,
  encodeAck,
  encodeStreamStart,
  type StreamFrame,
} from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import { NoxuFingerprint } from '../../fingerprint/fingerprint.ts';
import type { RollbackPlan } from '../../handshake/replica-syncup-types.ts';
import type { LogEntry } from '../../log/log-store.ts';
import { runReplicaHandshake } from '../connection/handshake-runner.ts';
import { decoded, type SyncupConnection } from '../connection/syncup-connection.ts';
import { AckSender } from '../replica/ack-sender.ts';
import { ApplyQueue } from '../replica/apply-queue.ts';
import type { ReplicaSession } from '../replica/replica-session.ts';
import { NOXU_SERVICES, noxuChannel } from './noxu-services.ts';

/** What a handshake has found. */
interface Found {
  readonly matchpoint: bigint;
  readonly plan: RollbackPlan;
  readonly feeder: string;
}

/**
 * One attempt: a handshake, then the stream on a second connection. The log is rolled back only
 * once the stream has begun with the entry at the matchpoint: another feeder may answer there.
 * Calls `onStreaming` when the stream begins.
 */
export async function replicateFromNoxu(
  session: ReplicaSession,
  onStreaming: () => void,
): Promise<void> {
  const found = await findMatchpoint(session);
  const { matchpoint } = found;
  const connection = await dialService(session, NOXU_SERVICES.feeder);
  try {
    await requestStream(session, connection, matchpoint);
    const stream = new NoxuStream(session, connection, matchpoint);
    if (matchpoint > 0n) await stream.confirmMatchpoint();
    await session.carryOut(found.plan, found.feeder);
    onStreaming();
    const feeder = connection.address;
    session.events.emit({ type: 'streaming', startVlsn: matchpoint + 1n, feeder });
    await stream.apply();
  } finally {
    await connection.close();
  }
}

/** Runs the handshake. Throws `restore-needed` if there is no matchpoint: Noxu copies files. */
async function findMatchpoint(session: ReplicaSession): Promise<Found> {
  const connection = await dialService(session, NOXU_SERVICES.syncup);
  try {
    const feeder = connection.address;
    let plan: RollbackPlan | undefined;
    const outcome = await runReplicaHandshake({
      channel: noxuChannel(connection),
      // Two Noxu nodes hold the same record at different LSNs.
      machine: session.startSyncup({ compareLsn: false }),
      log: session.options.log,
      carryOut: async (found) => {
        plan = found;
      },
    });
    if (outcome.type === 'stream') return { matchpoint: outcome.matchpoint, plan: plan!, feeder };
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

/** The stream of a Noxu feeder, whose first entry is the one at the matchpoint, if there is one. */
class NoxuStream {
  readonly #session: ReplicaSession;
  readonly #connection: SyncupConnection;
  readonly #matchpoint: bigint;
  #next: bigint;

  constructor(session: ReplicaSession, connection: SyncupConnection, matchpoint: bigint) {
    this.#session = session;
    this.#connection = connection;
    this.#matchpoint = matchpoint;
    this.#next = matchpoint > 0n ? matchpoint : 1n;
  }

  /** Takes the first entry. Throws `protocol` if it is not the one that this log holds. */
  async confirmMatchpoint(): Promise<void> {
    const { log, stepTimeout } = this.#session.options;
    const own = await log.entry(this.#matchpoint);
    if (own === undefined) {
      const text = `the log no longer holds the matchpoint at VLSN ${this.#matchpoint}`;
      throw new SyncupError('internal', text);
    }
    this.#connection.allowSilence(stepTimeout, 'the feeder did not send the matchpoint');
    const frame = await this.#take();
    if (frame === undefined) {
      throw new SyncupError('protocol', 'the feeder ended the connection before the matchpoint');
    }
    checkUnchanged(own, frame);
  }

  /** Applies all entries that follow, until the connection ends. */
  async apply(): Promise<void> {
    const session = this.#session;
    const connection = this.#connection;
    const { maxPendingBytes, idleTimeout } = session.options;
    const queue = new ApplyQueue(maxPendingBytes);
    const receive = async (): Promise<boolean> => {
      connection.allowPauses(idleTimeout, 'the feeder sent a part of an entry, but not the rest');
      const frame = await this.#take();
      if (frame === undefined) return false;
      session.noteFeeder(frame.vlsn);
      queue.push(frame);
      return true;
    };
    const acks = new AckSender(connection, encodeAck);
    await session.applyStream({ connection, acks, queue, receive });
  }

  /** The next entry; undefined at the end of the connection. Throws `protocol` or `gap`. */
  async #take(): Promise<StreamFrame | undefined> {
    const { crc32 } = this.#session.options;
    const bytes = await this.#connection.next();
    this.#connection.clearDeadline();
    if (bytes === undefined) return undefined;
    const frame = decoded(bytes, (given) => decodeStreamFrame(given, { lenient: true, crc32 }));
    if (frame.vlsn !== this.#next) {
      const text = `the stream continues at VLSN ${frame.vlsn}, not ${this.#next}`;
      throw new SyncupError('gap', text);
    }
    this.#next++;
    return frame;
  }
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
