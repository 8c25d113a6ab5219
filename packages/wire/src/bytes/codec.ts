import type { ByteReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

/**
 * Turns values of one type into bytes and back.
 *
 * Both directions throw {@link WireError} and nothing else. `decode` reads exactly the bytes
 * of one value; what follows is the caller's.
 */
export interface Codec<T> {
  encode(writer: ByteWriter, value: T): void;
  decode(reader: ByteReader): T;
  /**
   * Moves the reader past one value without making it. It need not check more than that the
   * bytes are there. Optional: a codec that has it can be `interned`.
   */
  skip?(reader: ByteReader): void;
}

/** The type of the values of a {@link Codec}. */
export type CodecValue<C> = C extends Codec<infer T> ? T : never;
