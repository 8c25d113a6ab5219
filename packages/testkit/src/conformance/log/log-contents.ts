import type { Archive, LogEntry, LogStore, NewEntry, StoredEntry } from '@shoal/syncup';
import { check } from '../checks.ts';

/** The text in UTF-8. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A commit with this text as its payload. */
export function commit(text: string): NewEntry {
  return { type: 1, payload: bytes(text) };
}

/** An entry that is not a sync point. */
export function data(text: string): NewEntry {
  return { type: 0, payload: bytes(text) };
}

/** `count` commits, each with `prefix` and its number as its payload. */
export function commits(count: number, prefix = 'c', from = 1): NewEntry[] {
  return Array.from({ length: count }, (_, i) => commit(`${prefix}${from + i}`));
}

/** An entry as text. */
export function show(entry: StoredEntry): string {
  return `${entry.vlsn}:${entry.type}:${new TextDecoder().decode(entry.payload)}`;
}

/** All entries of a log, as text. */
export async function contents(log: LogStore): Promise<string[]> {
  const { first, last } = log.range;
  const all: string[] = [];
  if (first === 0n) return all;
  for await (const batch of log.read(first, { maxEntries: 100 })) {
    check(batch.length > 0, 'a batch must have entries');
    for (const entry of batch) if (entry.vlsn <= last) all.push(show(entry));
    if (batch.at(-1)!.vlsn >= last) break;
  }
  return all;
}

/** All entries of an archive, as text. */
export async function archived(archive: Archive): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of archive.entries()) all.push(...batch.map(show));
  return all;
}

export async function archivesOf(log: LogStore): Promise<Archive[]> {
  const all: Archive[] = [];
  for await (const archive of log.archives()) all.push(archive);
  return all;
}

/** The result of a lookup as text; empty if there is none. */
export function told(entry: LogEntry | undefined): string {
  if (entry === undefined) return '';
  const { vlsn, lsn, fingerprint, isSync, isTxnEnd } = entry;
  return `${vlsn} lsn ${lsn} fingerprint ${fingerprint} sync ${isSync} end ${isTxnEnd}`;
}

/** The bytes of a snapshot from `offset` on. */
export async function exported(log: LogStore, offset = 0): Promise<Uint8Array> {
  const snapshot = await log.exportSnapshot();
  try {
    return await join(snapshot.chunks(offset));
  } finally {
    await snapshot[Symbol.asyncDispose]();
  }
}

export async function join(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    check(chunk.length > 0 && chunk.length <= 1 << 20, 'a chunk must have 1 byte to 1 MiB');
    parts.push(chunk.slice());
    length += chunk.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export async function* pieces(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}
