import { WireError } from '../errors.ts';
import { putU32 } from './little-endian.ts';

// A frame on a byte stream: the length of its payload as a little-endian u32, then the payload.

/** The longest payload of a frame, in bytes: 64 MiB, the limit of Noxu's streams. */
export const MAX_FRAME_LENGTH = 67_108_864;

/** The size of the length before a payload, in bytes. */
export const FRAME_HEADER_LENGTH = 4;

/**
 * Writes the header of a frame whose payload has `length` bytes to `target`, at `offset`. The
 * parameters are positional because this is called for every frame that is sent.
 *
 * Throws a `WireError` with code `length` for a payload of more than `maxLength` bytes, and
 * `capacity` when the four bytes do not fit. `target` is then unchanged.
 */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  length: number,
  maxLength: number = MAX_FRAME_LENGTH,
): void {
  if (!(Number.isInteger(length) && length >= 0 && length <= maxLength)) {
    throw new WireError('length', offset, `a frame of at most ${maxLength} bytes, not ${length}`);
  }
  if (!(offset >= 0 && offset + FRAME_HEADER_LENGTH <= target.length)) {
    throw new WireError('capacity', offset, 'room for the 4 bytes of a frame header');
  }
  putU32(target, offset, length);
}

/**
 * A whole frame: the header and a copy of `payload`.
 *
 * Throws a `WireError` with code `length` for a payload of more than `maxLength` bytes.
 */
export function encodeFrame(payload: Uint8Array, maxLength: number = MAX_FRAME_LENGTH): Uint8Array {
  const { length } = payload;
  if (length > maxLength) {
    throw new WireError('length', 0, `a frame of at most ${maxLength} bytes, not ${length}`);
  }
  const frame = new Uint8Array(FRAME_HEADER_LENGTH + length);
  putU32(frame, 0, length);
  frame.set(payload, FRAME_HEADER_LENGTH);
  return frame;
}
