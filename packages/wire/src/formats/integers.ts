import type { SkippableCodec } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';

/** How a format writes unsigned integers. The range of what is written has been checked. */
export interface IntegerFormat {
  /** Writes an integer of 0..2^32-1. */
  write(writer: ByteWriter, value: number): void;
  /** Reads an integer of 0..`max`, where `max` is at most 2^32-1. */
  read(reader: ByteReader, max: number): number;
  /** Writes an integer of 0..2^64-1. */
  write64(writer: ByteWriter, value: bigint): void;
  read64(reader: ByteReader): bigint;
  /** Makes the function that skips an integer of this type. It does not check the value. */
  skipper(bits: number): (reader: ByteReader) => void;
}

/** An unsigned integer of 16 or 32 bits. */
export function unsignedOf(format: IntegerFormat, bits: number): SkippableCodec<number> {
  const { write, read } = format;
  const max = 2 ** bits - 1;
  return {
    encode(writer, value) {
      if (!(Number.isInteger(value) && value >= 0 && value <= max)) {
        writer.fail('range', `an integer of 0..${max}, not ${value}`);
      }
      write(writer, value);
    },
    decode: (reader) => read(reader, max),
    skip: format.skipper(bits),
  };
}

// Signed integers are mapped to unsigned ones, so that small ones stay small: 0, -1, 1, -2 become
// 0, 1, 2, 3.

/** A signed integer of 16 or 32 bits. */
export function signedOf(format: IntegerFormat, bits: number): SkippableCodec<number> {
  const { write, read } = format;
  const limit = 2 ** (bits - 1);
  return {
    encode(writer, value) {
      if (!(Number.isInteger(value) && value >= -limit && value < limit)) {
        writer.fail('range', `an integer of ${-limit}..${limit - 1}, not ${value}`);
      }
      write(writer, value < 0 ? -2 * value - 1 : 2 * value);
    },
    decode(reader) {
      const mapped = read(reader, 2 * limit - 1);
      return mapped % 2 === 0 ? mapped / 2 : -(mapped + 1) / 2;
    },
    skip: format.skipper(bits),
  };
}

export function unsigned64Of(format: IntegerFormat): SkippableCodec<bigint> {
  const { write64, read64 } = format;
  return {
    encode(writer, value) {
      if (BigInt.asUintN(64, value) !== value) {
        writer.fail('range', `an integer of 0..2^64-1, not ${value}`);
      }
      write64(writer, value);
    },
    decode: read64,
    skip: format.skipper(64),
  };
}

export function signed64Of(format: IntegerFormat): SkippableCodec<bigint> {
  const { write64, read64 } = format;
  return {
    encode(writer, value) {
      if (BigInt.asIntN(64, value) !== value) {
        writer.fail('range', `an integer of -2^63..2^63-1, not ${value}`);
      }
      write64(writer, value < 0n ? -2n * value - 1n : 2n * value);
    },
    decode(reader) {
      const mapped = read64(reader);
      return (mapped & 1n) === 0n ? mapped >> 1n : -((mapped + 1n) >> 1n);
    },
    skip: format.skipper(64),
  };
}
