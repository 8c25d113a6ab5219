import { SyncupError } from '@shoal/syncup';
import type { Fingerprinter } from '@shoal/syncup/internal';
import type { Entries } from '../blocks/entries.ts';

/**
 * Reads every block and recomputes every fingerprint. Throws `corrupt`. Yields to the event loop
 * after each block.
 */
export async function verifyEntries(entries: Entries, fingerprinter: Fingerprinter): Promise<void> {
  let lsn: number | undefined;
  for (const span of entries.spans) {
    for (let vlsn = span.first; vlsn <= span.last; ) {
      const block = entries.block(vlsn);
      const { start } = block;
      // The first block may begin before the first entry held.
      if (lsn === undefined) {
        lsn = start.lsn;
        fingerprinter.low = start.low;
        fingerprinter.high = start.high;
      }
      if (
        start.lsn !== lsn ||
        start.low !== fingerprinter.low ||
        start.high !== fingerprinter.high
      ) {
        throw new SyncupError(
          'corrupt',
          `the entry at VLSN ${block.first} does not follow the one before`,
        );
      }
      const last = Math.min(block.last, span.last);
      for (let index = 0; index <= last - block.first; index++) {
        fingerprinter.next(block.type(index), block.payload(index));
        const { low, high } = fingerprinter;
        if (low !== block.low(index) || high !== block.high(index)) {
          throw new SyncupError(
            'corrupt',
            `the entry at VLSN ${block.first + index} has another fingerprint`,
          );
        }
      }
      lsn = block.lsn(last - block.first + 1);
      vlsn = last + 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
