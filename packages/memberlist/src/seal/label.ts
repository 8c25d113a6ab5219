import { type ByteReader, ByteWriter } from '@shoal/wire';
import { MESSAGE_TYPE } from '../messages/message-type.ts';

/** How long a label is at most, in bytes: its length is a u8. */
const MAX_LENGTH = 255;

/**
 * The label header: its type, the length of the label as a u8, and the label as UTF-8. Empty for the
 * empty label. Throws a `WireError` with code `length` for a label of more than 255 bytes, or `utf8`
 * for one with a lone surrogate.
 */
export function labelHeader(label: string): Uint8Array {
  if (label === '') return new Uint8Array(0);
  const writer = new ByteWriter();
  writer.u8(MESSAGE_TYPE.label);
  const at = writer.reserve(1);
  const length = writer.text(label);
  if (length > MAX_LENGTH) {
    writer.fail('length', `a label of at most ${MAX_LENGTH} bytes, not ${length}`);
  }
  writer.bytes[at] = length;
  return writer.copy();
}

/** The label in a header that {@link labelHeader} made. */
export function labelIn(header: Uint8Array): Uint8Array {
  return header.subarray(2);
}

/**
 * How long the label header at the reader is, or would be: 0 if there is none, and -1 if more bytes
 * must arrive to tell.
 */
export function labelHeaderLength({ bytes, offset, end }: ByteReader): number {
  if (offset === end) return -1;
  if (bytes[offset] !== MESSAGE_TYPE.label) return 0;
  return offset + 1 < end ? 2 + bytes[offset + 1]! : -1;
}

/**
 * Moves the reader past the label header, if there is one. Throws a `WireError` with code `label`
 * unless it is `expected`, and `truncated` if it is incomplete.
 */
export function readLabel(reader: ByteReader, expected: Uint8Array): void {
  const start = reader.offset;
  const length = labelHeaderLength(reader);
  const header = reader.view(length < 0 ? reader.remaining + 1 : length);
  const same = header.length === expected.length && header.every((byte, i) => byte === expected[i]);
  if (!same) reader.fail('label', 'the label of this cluster', start);
}
