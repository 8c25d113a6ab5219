import { TransportError } from '@shoal/transport';

// A text field is its length in one byte, and that many characters of printable ASCII without the
// space. It holds an address or the name of a client.

/** The longest text field, in bytes. */
const MAX_TEXT = 255;

/** Throws `protocol`. */
export function malformed(what: string): never {
  throw new TransportError('protocol', `malformed gateway message: ${what}`);
}

/** Reads the text field at `at`. Throws `protocol`. */
export function readText(bytes: Uint8Array, at: number): string {
  const length = bytes[at] ?? malformed('it is cut short');
  if (bytes.length < at + 1 + length) malformed('it is cut short');
  let text = '';
  for (let i = at + 1; i <= at + length; i++) {
    const code = bytes[i]!;
    if (code < 0x21 || code > 0x7e) malformed('an address or name is not printable ASCII');
    text += String.fromCharCode(code);
  }
  return text;
}

/** Writes a text field and returns the index behind it. The text must fit. */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  bytes[at] = text.length;
  for (let i = 0; i < text.length; i++) bytes[at + 1 + i] = text.charCodeAt(i);
  return at + 1 + text.length;
}

/** Whether the text can be written as a field. */
export function isFieldText(text: string): boolean {
  return text.length <= MAX_TEXT && !/[^!-~]/.test(text);
}
