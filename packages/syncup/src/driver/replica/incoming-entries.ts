import type { ShoalStreamMessage } from '@shoal/wire';
import { SyncupError } from '../../errors.ts';
import type { ChainedFingerprint } from '../../fingerprint/fingerprint.ts';
import type { StoredEntry } from '../../log/log-store.ts';
import { ENTRY_OVERHEAD } from '../../log/snapshot-format.ts';
import type { ApplyQueue, ReceivedEntries } from './apply-queue.ts';

type Message<T extends ShoalStreamMessage['type']> = Extract<ShoalStreamMessage, { type: T }>;

/**
 * Checks the entries that a Shoal feeder sends: that none is missing or repeated, and, where the
 * feeder tells the chained fingerprint of the last one, that all are what the feeder holds.
 */
export class IncomingEntries {
  /** Behind the last entry; undefined: entries come with a checksum. */
  readonly chain: ChainedFingerprint | undefined;
  #next: bigint;

  /** `chain` is behind the entry before `startVlsn`. */
  constructor(startVlsn: bigint, chain: ChainedFingerprint | undefined) {
    this.#next = startVlsn;
    this.chain = chain;
  }

  /** The VLSN that must come next. */
  get next(): bigint {
    return this.#next;
  }

  /** Takes a message whose checksum was right. Throws `gap`. */
  takeChecked({ firstVlsn, entries }: Message<'entries'>, queue: ApplyQueue): void {
    this.#expect(firstVlsn);
    for (const { type, payload } of entries) queue.push({ vlsn: this.#next++, type, payload });
  }

  /** Takes a message and the frame behind it. Throws `gap`, or `protocol` for wrong entries. */
  takeChained(
    { firstVlsn, count, fingerprint }: Message<'chainedEntries'>,
    bytes: Uint8Array,
    chain: ChainedFingerprint,
    queue: ApplyQueue,
  ): void {
    this.#expect(firstVlsn);
    const fingerprints = chain.all(bytes, count);
    if (fingerprints === undefined) {
      const text = `${count} entries from VLSN ${firstVlsn} on cannot be ${bytes.length} bytes`;
      throw new SyncupError('protocol', text);
    }
    const last = firstVlsn + BigInt(count - 1);
    const actual = (BigInt(chain.high) << 32n) | BigInt(chain.low);
    if (actual !== fingerprint) {
      const found = `${actual.toString(16)}, not ${fingerprint.toString(16)}`;
      throw new SyncupError('protocol', `the fingerprint at VLSN ${last} is ${found}`);
    }
    this.#next = last + 1n;
    queue.pushBatch({ firstVlsn, count, bytes, fingerprints });
  }

  #expect(vlsn: bigint): void {
    if (vlsn === this.#next) return;
    throw new SyncupError('gap', `expected VLSN ${this.#next} on the stream, not ${vlsn}`);
  }
}

/** A batch as entries; payloads are views. */
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
