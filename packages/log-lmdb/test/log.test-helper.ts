import type { LogStore, NewEntry } from '@shoal/syncup';
import { expect } from 'vitest';
import { BlockStore } from '../src/blocks/block-store.ts';

/** Matches an error with this code. */
export const code = (value: string): unknown => expect.objectContaining({ code: value });

export function commits(count: number, size = 10, prefix = 'c'): NewEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    type: 1,
    payload: new Uint8Array(Buffer.alloc(size, `${prefix}${i};`)),
  }));
}

export async function texts(log: LogStore): Promise<string[]> {
  const all: string[] = [];
  const { first, last } = log.range;
  if (first === 0n) return all;
  for await (const batch of log.read(first)) {
    for (const { vlsn, payload } of batch) all.push(`${vlsn} ${Buffer.from(payload)}`);
    if (batch.at(-1)!.vlsn === last) break;
  }
  return all;
}

/** How many blocks there are on the disk, and which notes of garbage. */
export async function stored(path: string): Promise<{ blocks: number; garbage: unknown[] }> {
  const store = await BlockStore.open({ path, cacheBytes: 0 });
  let blocks = 0;
  for (let generation = 0; generation < 20; generation++) {
    for (const _ of store.firsts(generation, 0, Number.POSITIVE_INFINITY)) blocks++;
  }
  const garbage = store.records('garbage/');
  await store.close();
  return { blocks, garbage };
}
