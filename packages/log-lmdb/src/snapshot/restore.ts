import { SyncupError } from '@shoal/syncup';
import { type Fingerprinter, readSnapshot, type SnapshotHeader } from '@shoal/syncup/internal';
import type { Block, KindFlags } from '../blocks/block.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { BlockWriter } from '../blocks/block-writer.ts';
import { type Position, START } from '../blocks/position.ts';

/** How many bytes of blocks a transaction writes, about. */
const TRANSACTION = 4 * 1024 * 1024;

export interface RestoreTarget {
  readonly store: BlockStore;
  readonly kinds: KindFlags;
  readonly fingerprinter: Fingerprinter;
  readonly generation: number;
  /** Throws when the log is closed. */
  checkOpen(): void;
}

/** Where a snapshot was written to: everything is on the disk, and nothing refers to it. */
export interface Restored {
  readonly header: SnapshotHeader;
  /** Before the first entry. */
  readonly base: Position;
  readonly writer: BlockWriter;
}

/**
 * Writes a snapshot's entries as a generation of its own, and proves that they are what the
 * snapshot says. Throws `snapshot`, `storage`, or what `chunks` throws.
 */
export async function restore(
  chunks: AsyncIterable<Uint8Array>,
  target: RestoreTarget,
): Promise<Restored> {
  const { store, fingerprinter } = target;
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
  // The sink cannot wait; the chunks can: the next is asked for when the last is written.
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
        throw new SyncupError('snapshot', 'the snapshot is of a log with other fingerprints');
      }
      const { first, lsn, low, high } = header;
      const base = { ...START, last: first - 1, lsn, low, high };
      const writer = new BlockWriter(target.generation, base, target.kinds, fingerprinter);
      restored.value = { header, base, writer };
    },
    entry: (type, payload) => restored.value!.writer.add(type, payload),
    trailer: (fingerprint) => {
      const { low, high } = fingerprinter;
      if (((BigInt(high) << 32n) | BigInt(low)) === fingerprint) return;
      const { last } = restored.value!.header;
      throw new SyncupError('snapshot', `the snapshot's fingerprint at VLSN ${last} is wrong`);
    },
  });
  restored.value!.writer.seal();
  target.checkOpen();
  await write(0);
  return restored.value!;
}
