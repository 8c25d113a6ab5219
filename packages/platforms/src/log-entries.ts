import type { NewEntry } from '@shoal/syncup';

/** The type of a commit in Shoal's own logs: a possible matchpoint. */
const COMMIT = 1;

/** Entries from VLSN `first` to `last`, as `writer` writes them. */
export function entries(first: number, last: number, writer: string): NewEntry[] {
  const utf8 = new TextEncoder();
  return Array.from({ length: last - first + 1 }, (_, i) => {
    return { type: COMMIT, payload: utf8.encode(`${first + i} by ${writer}`) };
  });
}
