import { SyncupError } from '@shoal/syncup';
import {
  type Fingerprinter,
  type LogBudget,
  readSnapshot,
  type SnapshotHeader,
  sizeOf,
  u64,
} from '@shoal/syncup/internal';
import type { Block, KindFlags } from '../blocks/block.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { BlockWriter } from '../blocks/block-writer.ts';
import { type Position, START } from '../blocks/position.ts';

/** About how many bytes of blocks a transaction writes. */
const TRANSACTION = 4 * 1024 * 1024;

/** Where {@link restore} writes to. */
export interface RestoreTarget {
  readonly store: BlockStore;
  readonly kinds: KindFlags;
  readonly fingerprinter: Fingerprinter;
  readonly generation: number;
  readonly budget: LogBudget;
  /** Throws if the log was closed, or can no longer be written. */
  checkOpen(): void;
}

/** A snapshot on disk that nothing refers to yet. */
export interface Restored {
  readonly header: SnapshotHeader;
  /** The position before the first entry. */
  readonly base: Position;
  readonly writer: BlockWriter;
}

/**
 * Writes the entries of a snapshot to a generation of their own and checks their fingerprint.
 * Throws `snapshot`, `storage`, or what `chunks` throws.
 */
export async function restore(
  chunks: AsyncIterable<Uint8Array>,
  target: RestoreTarget,
): Promise<Restored> {
  const { store, fingerprinter, generation, kinds } = target;
  const restored: { value?: Restored } = {};
  let blocks: Block[] = [];
  let bytes = 0;
  const write = async (limit: number): Promise<void> => {
    for (const block of restored.value?.writer.take() ?? []) {
      blocks.push(block);
      bytes += block.bytes.length;
    }
    if (bytes <= limit) return;
    const add = blocks;
    blocks = [];
    bytes = 0;
    await store.commit({ add });
  };
  // The sink is synchronous, so writing is awaited between the chunks.
  async function* paced(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      target.checkOpen();
      yield chunk;
      await write(TRANSACTION);
    }
  }
  await readSnapshot(paced(), {
    header: (header) => {
      if (header.chained !== fingerprinter.chained) {
        throw new SyncupError(
          'snapshot',
          'the snapshot is of a log with another kind of fingerprint',
        );
      }
      const { first, lsn, low, high } = header;
      const base = { ...START, last: first - 1, lsn, low, high };
      const writer = new BlockWriter({ generation, from: base, kinds, fingerprinter });
      restored.value = { header, base, writer };
    },
    entry: (type, payload) => {
      const { writer, base } = restored.value!;
      const held = writer.position.lsn - base.lsn;
      if (target.budget.isLimited) target.budget.checkRoom(held, sizeOf([{ payload }]));
      writer.add(type, payload);
    },
    trailer: (fingerprint) => {
      const { low, high } = fingerprinter;
      if (u64(low, high) === fingerprint) return;
      const { last } = restored.value!.header;
      throw new SyncupError(
        'snapshot',
        `the snapshot is damaged: its entries do not have the fingerprint it states for VLSN ${last}`,
      );
    },
  });
  restored.value!.writer.seal();
  target.checkOpen();
  await write(0);
  return restored.value!;
}
