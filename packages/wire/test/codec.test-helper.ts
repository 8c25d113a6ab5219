import type { Codec } from '../src/bytes/codec.ts';
import { ByteReader } from '../src/bytes/reader.ts';
import { ByteWriter } from '../src/bytes/writer.ts';

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter({ capacity: 1 });
  codec.encode(writer, value);
  return writer.copy();
}

export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = codec.decode(reader);
  reader.finish();
  return value;
}
