import type { ShoalStreamMessage } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import type { ChainedFingerprint } from '../../fingerprint/fingerprint.ts';
import type { StoredEntry } from '../../log/log-store.ts';
import { ENTRY_OVERHEAD } from '../../log/snapshot-format.ts';
import type { ApplyQueue, ReceivedEntries } from './apply-queue.ts';

type Message<T extends ShoalStreamMessage['type']> = Extract<ShoalStreamMessage, { type: T }>;

/**
 * Checks the entries of a Shoal stream: none is missing or repeated, and those that come with a
 * chained fingerprint are the ones that the feeder holds.
 */
export class IncomingEntries {
  readonly #queue: ApplyQueue;
  #next: bigint;

  /** `startVlsn`: the VLSN that must come first. */
  constructor(queue: ApplyQueue, startVlsn: bigint) {
    this.#queue = queue;
    this.#next = startVlsn;
  }

  /** The last VLSN that has come. */
  get last(): bigint {
    return this.#next - 1n;
  }

  /** Takes entries whose message had a checksum. Throws `gap`. */
  takeChecked({ firstVlsn, entries }: Message<'entries'>): void {
    this.#expect(firstVlsn);
    for (const { type, payload } of entries) {
      this.#queue.push({ vlsn: this.#next++, type, payload });
    }
  }

  /**
   * Takes a message and the frame of entries after it, and moves `chain` on. Throws `gap`, or
   * `protocol` if the entries do not have the fingerprint of the message.
   */
  takeChained(
    { firstVlsn, count, fingerprint }: Message<'chainedEntries'>,
    bytes: Uint8Array,
    chain: ChainedFingerprint,
  ): void {
    this.#expect(firstVlsn);
    const fingerprints = chain.all(bytes, count);
    if (fingerprints === undefined) {
      const found = `${bytes.length} bytes that are not ${count} entries`;
      throw new SyncupError('protocol', `the feeder sent ${found} from VLSN ${firstVlsn} on`);
    }
    const last = firstVlsn + BigInt(count - 1);
    if (chain.value !== fingerprint) {
      const found = `${chain.value.toString(16)}, not ${fingerprint.toString(16)}`;
      throw new SyncupError('protocol', `the fingerprint at VLSN ${last} is ${found}`);
    }
    this.#next = last + 1n;
    this.#queue.pushBatch({ firstVlsn, count, bytes, fingerprints });
  }

  #expect(vlsn: bigint): void {
    if (vlsn === this.#next) return;
    throw new SyncupError('gap', `the stream continues at VLSN ${vlsn}, not ${this.#next}`);
  }
}

/** The entries of a batch; payloads are views. */
export function entriesOf({ firstVlsn, count, bytes }: ReceivedEntries): StoredEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: StoredEntry[] = [];
  let at = 0;
  for (let vlsn = firstVlsn; entries.length < count; vlsn++) {
    const end = at + ENTRY_OVERHEAD + view.getUint32(at + 1, true);
    entries.push({ vlsn, type: bytes[at]!, payload: bytes.subarray(at + ENTRY_OVERHEAD, end) });
    at = end;
  }
  return entries;
}
