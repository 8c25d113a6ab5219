import { SyncupError } from '../errors.ts';
import type { NewEntry, VerifiedEntries } from './log-store.ts';
import { ENTRY_OVERHEAD, MAX_PAYLOAD } from './snapshot-format.ts';

/** Call before appending: throws `argument` if a type or a payload is out of range. */
export function checkEntries(entries: readonly NewEntry[]): void {
  for (const { type, payload } of entries) {
    if (type !== (type & 0xff) || payload.length > MAX_PAYLOAD) {
      const found = `type ${type} with ${payload.length} bytes`;
      const text = `an entry must have a type of 0..255 and at most ${MAX_PAYLOAD} bytes, not ${found}`;
      throw new SyncupError('argument', text);
    }
  }
}

/**
 * Call before appending encoded entries: throws `argument` if their fingerprints do not follow
 * `end`, the last one of the log, or if the bytes are not `count` entries.
 */
export function checkVerified(
  batches: readonly VerifiedEntries[],
  end: { readonly low: number; readonly high: number },
): void {
  let { low, high } = end;
  for (const { count, bytes, fingerprints } of batches) {
    const follows = fingerprints[0] === low && fingerprints[1] === high;
    if (fingerprints.length !== 2 * count + 2 || !follows) {
      throw new SyncupError('argument', 'the fingerprints do not follow that of the last entry');
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
