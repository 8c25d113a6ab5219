import type { Block } from './block.ts';

/** Searching more blocks would take longer than reading one again. */
const MAX_BLOCKS = 64;

/** The blocks that were used last, up to a number of bytes. */
export class BlockCache {
  readonly #limit: number;
  /** The last used first. */
  readonly #blocks: Block[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The block that holds the entry; undefined if it is not cached. */
  find(generation: number, vlsn: number): Block | undefined {
    const blocks = this.#blocks;
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i]!;
      if (block.generation !== generation || vlsn < block.first || vlsn > block.last) continue;
      if (i > 0) {
        blocks.copyWithin(1, 0, i);
        blocks[0] = block;
      }
      return block;
    }
    return undefined;
  }

  add(block: Block): void {
    this.#blocks.unshift(block);
    this.#bytes += block.bytes.length;
    // The new block stays, however long it is, because it is about to be used.
    while (
      this.#blocks.length > 1 &&
      (this.#bytes > this.#limit || this.#blocks.length > MAX_BLOCKS)
    ) {
      this.#bytes -= this.#blocks.pop()!.bytes.length;
    }
  }
}
