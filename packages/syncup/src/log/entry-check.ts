import { SyncupError } from '../errors.ts';
import type { NewEntry, VerifiedEntries } from './log-store.ts';
import { ENTRY_OVERHEAD, MAX_PAYLOAD } from './snapshot-format.ts';

/** What a log checks before it appends: throws `argument` for an entry that it cannot take. */
export function checkEntries(entries: readonly NewEntry[]): void {
  for (const { type, payload } of entries) {
    if (type !== (type & 0xff) || payload.length > MAX_PAYLOAD) {
      const found = `type ${type}, ${payload.length} bytes`;
      throw new SyncupError('argument', `a type of 0..255, ${MAX_PAYLOAD} bytes, not ${found}`);
    }
  }
}

/**
 * What a log that ends with a fingerprint checks before it takes encoded entries: throws
 * `argument` when they do not follow on it, and for bytes that are not `count` entries.
 */
export function checkVerified(
  batches: readonly VerifiedEntries[],
  end: { readonly low: number; readonly high: number },
): void {
  let { low, high } = end;
  for (const { count, bytes, fingerprints } of batches) {
    const follows = fingerprints[0] === low && fingerprints[1] === high;
    if (fingerprints.length !== 2 * count + 2 || !follows) {
      throw new SyncupError('argument', 'the fingerprints do not follow on the last entry');
    }
    low = fingerprints[2 * count]!;
    high = fingerprints[2 * count + 1]!;
    if (!areEntries(bytes, count)) {
      throw new SyncupError('argument', `${bytes.length} bytes are not ${count} entries`);
    }
  }
}

function areEntries(bytes: Uint8Array, count: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length;
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (end - at < ENTRY_OVERHEAD) return false;
    const length = view.getUint32(at + 1, true);
    if (length > MAX_PAYLOAD) return false;
    at += ENTRY_OVERHEAD + length;
  }
  return at === end;
}
