import type { ByteReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

/**
 * Converts values of one type to bytes and back.
 *
 * Both directions throw only a `WireError`. After a throw, `encode` may have written a part of the
 * value, and `decode` may have moved the reader.
 */
export interface Codec<T> {
  /** Appends the bytes of `value`. */
  encode(writer: ByteWriter, value: T): void;
  /** Reads exactly the bytes of one value. More may follow. */
  decode(reader: ByteReader): T;
  /**
   * Moves the reader past one value without decoding it. It must check that the bytes are there, and
   * nothing else. Optional: identities whose codec has it are cached while packets are decoded.
   */
  skip?(reader: ByteReader): void;
}

/** A codec whose values can be skipped without decoding them. */
export interface SkippableCodec<T> extends Codec<T> {
  skip(reader: ByteReader): void;
}

/** Skips one value, by decoding it if the codec offers no other way. */
export function skipWith(codec: Codec<unknown>, reader: ByteReader): void {
  if (codec.skip) codec.skip(reader);
  else codec.decode(reader);
}

/** The type of the values that a {@link Codec} converts. */
export type CodecValue<C> = C extends Codec<infer T> ? T : never;
