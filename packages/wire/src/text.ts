import { WireError } from './errors.ts';

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

/** How many bytes `text` takes as UTF-8. Throws `utf8` for a lone surrogate. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (unit < 0xd800 || unit > 0xdfff) length += 2;
    else {
      const next = text.charCodeAt(i + 1);
      if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) {
        throw new WireError('utf8', i, 'text without lone surrogates');
      }
      length += 2;
      i++;
    }
  }
  return length;
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

/** Writes any `text` without lone surrogates at `at`, where its {@link utf8Length} has room. */
export function encodeUtf8Into(text: string, bytes: Uint8Array, at: number): void {
  encoder.encodeInto(text, bytes.subarray(at));
}
