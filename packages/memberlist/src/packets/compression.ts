import { type ByteReader, ByteWriter } from '@shoal/wire';
import { lzwCompress } from '../lzw/compress.ts';
import { lzwDecompress } from '../lzw/decompress.ts';
import { COMPRESSED } from '../messages/layouts.ts';
import { MESSAGE_TYPE } from '../messages/message-type.ts';

/** The number of LZW, the only algorithm. */
const LZW = 0;

/** A body as a message of type `compress`. */
export function compress(body: Uint8Array): Uint8Array {
  const bytes = lzwCompress(body);
  const writer = new ByteWriter({ capacity: bytes.length + 20 });
  writer.u8(MESSAGE_TYPE.compress);
  COMPRESSED.encode(writer, { algorithm: LZW, bytes });
  return writer.copy();
}

/**
 * Reads a message of type `compress` behind its type byte, and returns the body in it.
 *
 * Throws a `WireError` with code `variant` for an unknown algorithm, `length` for more than
 * `maxLength` bytes, and `range` or `truncated` for bytes that are not LZW.
 */
export function readCompressed(reader: ByteReader, maxLength: number): Uint8Array {
  const start = reader.offset;
  const { algorithm, bytes } = COMPRESSED.decode(reader);
  if (algorithm !== LZW) reader.fail('variant', `algorithm ${LZW}, not ${algorithm}`, start);
  if (bytes === undefined) return reader.fail('truncated', 'compressed bytes', start);
  return lzwDecompress(bytes, maxLength);
}
