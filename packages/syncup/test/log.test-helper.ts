import type { Archive, LogStore, NewEntry, StoredEntry } from '../src/log/log-store.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';

/** A commit whose payload is this text. */
export const commit = (text: string): NewEntry => ({ type: 1, payload: bytes(text) });
/** A data entry, at which no matchpoint may lie. */
export const data = (text: string): NewEntry => ({ type: 0, payload: bytes(text) });

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** `count` commits whose payloads are their numbers behind `prefix`. */
export function commits(count: number, prefix = 'c', from = 1): NewEntry[] {
  return Array.from({ length: count }, (_, i) => commit(`${prefix}${from + i}`));
}

/** Everything that a log holds, as text. */
export async function contents(log: LogStore): Promise<string[]> {
  const { first, last } = log.range;
  const all: string[] = [];
  if (first === 0n) return all;
  for await (const batch of log.read(first, { maxEntries: 100 })) {
    for (const entry of batch) all.push(show(entry));
    if (batch.at(-1)!.vlsn === last) break;
  }
  return all;
}

export async function archived(archive: Archive): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of archive.entries()) all.push(...batch.map(show));
  return all;
}

function show(entry: StoredEntry): string {
  return `${entry.vlsn}:${entry.type}:${new TextDecoder().decode(entry.payload)}`;
}

/** A chained log of these batches. */
export async function logOf(...batches: Parameters<MemoryLog['append']>[0][]): Promise<MemoryLog> {
  const log = new MemoryLog();
  for (const batch of batches) await log.append(batch);
  return log;
}

/** A log with Noxu's fingerprints of these batches. */
export async function noxuLogOf(
  ...batches: Parameters<MemoryLog['append']>[0][]
): Promise<MemoryLog> {
  const log = new MemoryLog({ fingerprint: 'noxu' });
  for (const batch of batches) await log.append(batch);
  return log;
}

/** A snapshot of a log in chunks of at most `size` bytes. */
export async function* inPieces(log: LogStore, size: number): AsyncGenerator<Uint8Array> {
  const snapshot = await log.exportSnapshot();
  for await (const chunk of snapshot.chunks()) {
    for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
  }
}
