import {
  type Crc32,
  decodeShoalStream,
  encodeShoalStream,
  type ShoalStreamMessage,
  type SyncupMessage,
} from '@shoal/wire';
import { GOODBYE } from '@shoal/wire/internal';
import { SyncupError, type SyncupErrorCode } from '../../errors.ts';
import type { HandshakeChannel } from '../connection/handshake-runner.ts';
import { decoded, type SyncupConnection } from '../connection/syncup-connection.ts';

/** A message of one type. */
export type MessageOf<T extends ShoalStreamMessage['type']> = Extract<
  ShoalStreamMessage,
  { type: T }
>;

/** The error that a goodbye of the peer means here. Others mean `remote`. */
const ERROR_OF_GOODBYE: Readonly<Record<number, SyncupErrorCode>> = {
  [GOODBYE.version]: 'version',
  [GOODBYE.label]: 'label',
  [GOODBYE.staleTerm]: 'stale-term',
  [GOODBYE.restoreUnavailable]: 'restore-needed',
  [GOODBYE.refused]: 'refused',
};

/** How an error is told to the peer. Others are told as `internal`. */
const GOODBYE_OF_ERROR: Readonly<Partial<Record<SyncupErrorCode, number>>> = {
  protocol: GOODBYE.protocol,
  gap: GOODBYE.protocol,
  version: GOODBYE.version,
  label: GOODBYE.label,
  'stale-term': GOODBYE.staleTerm,
  timeout: GOODBYE.timeout,
  trimmed: GOODBYE.logChanged,
  'rolled-back': GOODBYE.logChanged,
  closed: GOODBYE.shutdown,
  'rollback-prohibited': GOODBYE.refused,
  refused: GOODBYE.refused,
  'restore-needed': GOODBYE.restoreUnavailable,
};

const SYNCUP_TYPES: ReadonlySet<string> = new Set<SyncupMessage['type']>([
  'entryRequest',
  'entry',
  'entryNotFound',
  'alternateMatchpoint',
  'startStream',
  'restoreRequest',
  'restoreResponse',
]);

/** Returns a message if it belongs to a handshake. Throws `protocol` for any other. */
export function syncupMessage(message: ShoalStreamMessage): SyncupMessage {
  if (SYNCUP_TYPES.has(message.type)) return message as SyncupMessage;
  throw new SyncupError('protocol', `expected a syncup message, not ${message.type}`);
}

/** Shoal's own stream protocol on a connection. */
export class ShoalChannel implements HandshakeChannel {
  readonly connection: SyncupConnection;
  readonly #options: { readonly crc32: Crc32 | undefined };

  constructor(connection: SyncupConnection, crc32: Crc32 | undefined) {
    this.connection = connection;
    this.#options = { crc32 };
  }

  encode(message: ShoalStreamMessage): Uint8Array {
    return encodeShoalStream(message, this.#options);
  }

  /** Throws `protocol`, or the error that a goodbye stands for. */
  decode(frame: Uint8Array): ShoalStreamMessage {
    const message = decoded(frame, (bytes) => decodeShoalStream(bytes, this.#options));
    if (message.type !== 'goodbye') return message;
    const code = ERROR_OF_GOODBYE[message.code] ?? 'remote';
    throw new SyncupError(code, `the peer said goodbye (${message.code}): ${message.reason}`);
  }

  /** Queues a message. False means that the connection is full: await its `ready`. */
  send(message: ShoalStreamMessage): boolean {
    return this.connection.send(this.encode(message));
  }

  /** The next message; undefined at the end. Throws as {@link ShoalChannel.decode} does. */
  async next(): Promise<ShoalStreamMessage | undefined> {
    const frame = await this.connection.next();
    return frame === undefined ? undefined : this.decode(frame);
  }

  /** The next message, which must be of this type. Throws `protocol` for any other. */
  async expect<T extends ShoalStreamMessage['type']>(type: T): Promise<MessageOf<T>> {
    const message = await this.next();
    if (message?.type === type) return message as MessageOf<T>;
    const found = message?.type ?? 'the end of the connection';
    throw new SyncupError('protocol', `expected ${type}, not ${found}`);
  }

  /** The next message but heartbeats, for each of which `onAlive` is called. */
  async nextRequest(onAlive: () => void): Promise<ShoalStreamMessage | undefined> {
    for (;;) {
      const message = await this.next();
      if (message?.type !== 'heartbeat') return message;
      onAlive();
    }
  }

  async receive(onAlive: () => void): Promise<SyncupMessage | undefined> {
    const message = await this.nextRequest(onAlive);
    return message && syncupMessage(message);
  }

  /** Closes, after telling the peer the error unless it came from the peer. Never rejects. */
  async close(error?: unknown): Promise<void> {
    if (error instanceof SyncupError && error.code !== 'remote') {
      const code = GOODBYE_OF_ERROR[error.code] ?? GOODBYE.internal;
      this.send({ type: 'goodbye', code, reason: goodbyeText(error.message) });
    }
    await this.connection.close();
  }
}

/** The part of a text that a goodbye can carry: 255 bytes of ASCII. */
function goodbyeText(text: string): string {
  return text.slice(0, 255).replace(/[^ -~]/g, '?');
}
