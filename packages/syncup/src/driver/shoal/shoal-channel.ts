import {
  type Crc32,
  decodeShoalStream,
  encodeShoalStream,
  type ShoalStreamMessage,
  type SyncupMessage,
} from '@shoal/wire';
import { GOODBYE, labelTag } from '@shoal/wire/internal';
import { SyncupError, type SyncupErrorCode } from '../../errors.ts';
import type { SyncupChannel } from '../connection/run-handshake.ts';
import { decoded, type Link } from '../connection/syncup-connection.ts';

type Typed<T extends ShoalStreamMessage['type']> = Extract<ShoalStreamMessage, { type: T }>;

/** Which error a goodbye stands for on the other side. */
const ERROR_OF_GOODBYE: Readonly<Record<number, SyncupErrorCode>> = {
  [GOODBYE.version]: 'version',
  [GOODBYE.label]: 'label',
  [GOODBYE.staleTerm]: 'stale-term',
  [GOODBYE.restoreUnavailable]: 'restore-needed',
};

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
  'restore-needed': GOODBYE.restoreUnavailable,
};

const SYNCUP: ReadonlySet<string> = new Set<SyncupMessage['type']>([
  'entryRequest',
  'entry',
  'entryNotFound',
  'alternateMatchpoint',
  'startStream',
  'restoreRequest',
  'restoreResponse',
]);

export function isSyncup(message: ShoalStreamMessage): message is SyncupMessage {
  return SYNCUP.has(message.type);
}

/** The tag of a label that may have been left out. */
export function tagOf(label: string | undefined): number {
  return label === undefined ? 0 : labelTag(label);
}

/** Shoal's own stream protocol on a link. */
export class ShoalChannel implements SyncupChannel {
  readonly link: Link;
  readonly #options: { readonly crc32?: Crc32 };

  constructor(link: Link, crc32?: Crc32) {
    this.link = link;
    this.#options = crc32 === undefined ? {} : { crc32 };
  }

  encode(message: ShoalStreamMessage): Uint8Array {
    return encodeShoalStream(message, this.#options);
  }

  /** False: wait for the link's `ready`. */
  send(message: ShoalStreamMessage): boolean {
    return this.link.send(this.encode(message));
  }

  /** The next message; undefined at the end. A goodbye is thrown. */
  async next(): Promise<ShoalStreamMessage | undefined> {
    const frame = await this.link.next();
    if (frame === undefined) return undefined;
    return this.decode(frame);
  }

  decode(frame: Uint8Array): ShoalStreamMessage {
    const message = decoded(frame, (bytes) => decodeShoalStream(bytes, this.#options));
    if (message.type !== 'goodbye') return message;
    const code = ERROR_OF_GOODBYE[message.code] ?? 'remote';
    throw new SyncupError(code, `the peer said goodbye (${message.code}): ${message.reason}`);
  }

  /** The next message, which must be of this type. */
  async expect<T extends ShoalStreamMessage['type']>(type: T): Promise<Typed<T>> {
    const message = await this.next();
    if (message?.type === type) return message as Typed<T>;
    const found = message?.type ?? 'the end of the connection';
    throw new SyncupError('protocol', `expected ${type}, not ${found}`);
  }

  /** The next message of a handshake; heartbeats only say that the peer is alive. */
  async receive(alive: () => void): Promise<SyncupMessage | undefined> {
    for (;;) {
      const message = await this.next();
      if (message === undefined || isSyncup(message)) return message;
      if (message.type !== 'heartbeat') {
        throw new SyncupError('protocol', `expected a syncup message, not ${message.type}`);
      }
      alive();
    }
  }

  /** Tells the peer why, unless it was the peer that ended it, and closes. Never rejects. */
  async close(error?: unknown): Promise<void> {
    if (error instanceof SyncupError && error.code !== 'remote') {
      const code = GOODBYE_OF_ERROR[error.code] ?? GOODBYE.internal;
      this.send({ type: 'goodbye', code, reason: shortened(error.message) });
    }
    await this.link.close();
  }
}

/** What fits into a goodbye: 255 bytes, and in ASCII one character is one byte. */
function shortened(text: string): string {
  return text.slice(0, 255).replace(/[^ -~]/g, '?');
}
