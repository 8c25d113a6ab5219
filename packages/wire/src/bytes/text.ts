import { WireError } from '../errors.ts';

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Up to this many bytes, a loop over ASCII is faster than `TextDecoder`. */
const SHORT = 24;

/**
 * The text in the bytes from `start` up to `end`. Throws a `WireError` with code `utf8` unless they
 * are valid UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = '';
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  try {
    return strictDecoder.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw new WireError('utf8', start, 'valid UTF-8', { cause });
  }
}

/** `text` as UTF-8. Throws a `WireError` with code `utf8` for a lone surrogate. */
export function encodeUtf8(text: string): Uint8Array {
  // With the flag `u`, this matches only surrogates that are not part of a pair.
  const lone = text.search(/\p{Surrogate}/u);
  if (lone >= 0) throw new WireError('utf8', lone, 'no lone surrogates');
  return encoder.encode(text);
}

/**
 * Writes `text` at offset `at`, where there is room, if all of it is ASCII. Otherwise returns false,
 * and a part of it may have been written.
 */
export function encodeAsciiInto(text: string, bytes: Uint8Array, at: number): boolean {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    bytes[at + i] = unit;
  }
  return true;
}
