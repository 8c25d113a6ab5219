import { ByteReader, WireError } from '@shoal/wire';
import type { PacketMessage } from '../messages/message.ts';
import { readStruct } from '../messages/message-codec.ts';
import { MESSAGE_TYPE } from '../messages/message-type.ts';
import { readCompound } from './compound.ts';
import { readCompressed } from './compression.ts';

/** How deeply compounds and compressed bodies may be nested. Real senders nest two. */
const MAX_DEPTH = 8;

/** How many messages that cannot be read end the reading of a packet. */
const MAX_ERRORS = 32;

/** The messages whose body is one struct. */
const STRUCTS: ReadonlySet<Exclude<PacketMessage['type'], 'user'>> = /* @__PURE__ */ new Set([
  'ping',
  'indirectPing',
  'ack',
  'nack',
  'suspect',
  'alive',
  'dead',
] as const);

/** What was in the body of a packet. */
export interface PacketContents {
  /** The messages that could be read, in order, without what wrapped them. */
  readonly messages: readonly PacketMessage[];
  /** Why the others could not be read. Empty for what a real member sends. */
  readonly errors: readonly WireError[];
}

/**
 * Reads all messages of a body, through compounds and compression. One that cannot be read does not
 * keep the others from being read, as memberlist has it; after 32 such, reading ends. At most
 * `maxLength` bytes are decompressed in all.
 */
export function readBody(body: Uint8Array, maxLength: number): PacketContents {
  const { messages, errors } = new BodyReader(maxLength).read(new ByteReader(body), 0);
  return { messages, errors };
}

class BodyReader {
  readonly messages: PacketMessage[] = [];
  readonly errors: WireError[] = [];
  /** How many bytes may still be decompressed. */
  #budget: number;

  constructor(budget: number) {
    this.#budget = budget;
  }

  read(reader: ByteReader, depth: number): this {
    if (this.errors.length === MAX_ERRORS) return this;
    try {
      this.#readOne(reader, depth);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.errors.push(error);
    }
    return this;
  }

  #readOne(reader: ByteReader, depth: number): void {
    const start = reader.offset;
    const type = reader.u8();
    const wraps = type === MESSAGE_TYPE.compound || type === MESSAGE_TYPE.compress;
    if (wraps && depth === MAX_DEPTH) reader.fail('variant', `at most ${MAX_DEPTH} layers`, start);
    switch (type) {
      case MESSAGE_TYPE.compound: {
        const error = readCompound(reader, () => this.read(reader, depth + 1));
        if (error) this.errors.push(error);
        return;
      }
      case MESSAGE_TYPE.compress: {
        // A body that cannot be decompressed uses up what may be decompressed: it cost as much.
        const budget = this.#budget;
        this.#budget = 0;
        const body = readCompressed(reader, budget);
        this.#budget = budget - body.length;
        this.read(new ByteReader(body), depth + 1);
        return;
      }
      case MESSAGE_TYPE.user:
        this.messages.push({ type: 'user', payload: reader.view(reader.remaining) });
        return;
      default:
        reader.offset = start;
        this.messages.push(readStruct(reader, STRUCTS));
    }
  }
}
