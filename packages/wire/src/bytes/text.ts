import { WireError } from '../errors.ts';

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Up to this length a loop over ASCII is faster than `TextDecoder`, in bytes. */
const SHORT = 24;

/**
 * The bytes `start..end` as text. Throws a `WireError` with code `utf8` when they are not
 * valid UTF-8.
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

/** `text` as UTF-8. Throws `utf8` for a lone surrogate. */
export function encodeUtf8(text: string): Uint8Array {
  // With the flag `u`, half of a pair is no match.
  const lone = text.search(/\p{Surrogate}/u);
  if (lone >= 0) throw new WireError('utf8', lone, 'no lone surrogates');
  return encoder.encode(text);
}

/** Writes `text` at `at`, where there is room, if it is all ASCII; else returns false. */
export function encodeAsciiInto(text: string, bytes: Uint8Array, at: number): boolean {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    bytes[at + i] = unit;
  }
  return true;
}
