import type { ByteWriter } from '@shoal/wire';

/** Something that is to be sent a number of times. The links belong to the queue. */
export interface QueueItem {
  /** As it is sent. */
  bytes: Uint8Array;
  /** How often it has been sent; -1 while not queued. */
  level: number;
  /** The last fill that sent it. */
  stamp: number;
  previous: QueueItem | undefined;
  following: QueueItem | undefined;
}

interface Level {
  first: QueueItem | undefined;
  last: QueueItem | undefined;
}

/** A fill looks at this many items that do not fit before it lets the rest of the room be. */
const MAX_MISFITS = 64;

/**
 * Items by how often they were sent, least first, and in the order of arrival where that is
 * equal. Adding, taking out and sending an item is O(1) each.
 */
export class TransmissionQueue<Item extends QueueItem> {
  readonly #levels: Level[] = [];
  readonly #prefix: number;
  readonly #dropped: ((item: Item) => void) | undefined;
  #length = 0;
  #byteLength = 0;
  #stamp = 0;
  /** No queued item is shorter. */
  #shortest = Number.POSITIVE_INFINITY;

  /**
   * `prefixed`: each item is written behind its length as a u16. `dropped` is told of each item
   * that leaves because it has been sent often enough.
   */
  constructor(options: { prefixed: boolean; dropped?: (item: Item) => void }) {
    this.#prefix = options.prefixed ? 2 : 0;
    this.#dropped = options.dropped;
  }

  /** How many items are queued. */
  get length(): number {
    return this.#length;
  }

  /** The sum of their sizes in bytes. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Queues `item` as never sent, in place of what it was queued with before. */
  add(item: Item, bytes: Uint8Array): void {
    this.remove(item);
    item.bytes = bytes;
    item.stamp = 0;
    this.#length++;
    this.#byteLength += bytes.length;
    if (bytes.length < this.#shortest) this.#shortest = bytes.length;
    this.#append(item, 0);
  }

  /** Takes `item` out, if it is in. */
  remove(item: Item): void {
    if (item.level < 0) return;
    this.#unlink(item);
    item.level = -1;
    this.#length--;
    this.#byteLength -= item.bytes.length;
    if (this.#length === 0) this.#shortest = Number.POSITIVE_INFINITY;
  }

  /** The room, in bytes, that the item that is due next takes; 0 when the queue is empty. */
  get nextSize(): number {
    const item = this.#levels.find((level) => level.first !== undefined)?.first;
    return item === undefined ? 0 : item.bytes.length + this.#prefix;
  }

  /** Of those sent most often, the one that was queued first. */
  get mostSent(): Item | undefined {
    return this.#levels.findLast((level) => level.first !== undefined)?.first as Item | undefined;
  }

  /** Marks `item` as already in the packet that the next fill completes. */
  skipNext(item: Item): void {
    item.stamp = this.#stamp + 1;
  }

  /**
   * Writes items up to offset `end`, each once, those first that were sent least; one that does
   * not fit is passed over for a smaller one. Items that have been sent `limit` times leave.
   * Returns how many were written.
   */
  fill(writer: ByteWriter, end: number, limit: number): number {
    const stamp = ++this.#stamp;
    let written = 0;
    let misfits = 0;
    for (let level = 0; level < this.#levels.length; level++) {
      let item = this.#levels[level]!.first as Item | undefined;
      while (item !== undefined) {
        const following = item.following as Item | undefined;
        if (level >= limit) {
          // The cluster has shrunk, and the limit with it.
          this.#drop(item);
        } else if (item.stamp !== stamp) {
          const room = end - writer.offset;
          if (room < this.#shortest + this.#prefix) return written;
          if (item.bytes.length + this.#prefix <= room) {
            this.#write(writer, item);
            item.stamp = stamp;
            written++;
            if (level + 1 >= limit) this.#drop(item);
            else {
              this.#unlink(item);
              this.#append(item, level + 1);
            }
          } else if (++misfits > MAX_MISFITS) return written;
        }
        item = following;
      }
    }
    return written;
  }

  #write(writer: ByteWriter, item: Item): void {
    if (this.#prefix > 0) writer.u16be(item.bytes.length);
    writer.raw(item.bytes);
  }

  #drop(item: Item): void {
    this.remove(item);
    this.#dropped?.(item);
  }

  #append(item: QueueItem, at: number): void {
    while (this.#levels.length <= at) this.#levels.push({ first: undefined, last: undefined });
    const level = this.#levels[at]!;
    item.level = at;
    item.previous = level.last;
    item.following = undefined;
    if (level.last === undefined) level.first = item;
    else level.last.following = item;
    level.last = item;
  }

  #unlink(item: QueueItem): void {
    const level = this.#levels[item.level]!;
    if (item.previous === undefined) level.first = item.following;
    else item.previous.following = item.following;
    if (item.following === undefined) level.last = item.previous;
    else item.following.previous = item.previous;
    item.previous = undefined;
    item.following = undefined;
  }
}
