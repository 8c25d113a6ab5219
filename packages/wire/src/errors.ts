/**
 * Why bytes could not be decoded, or a value could not be encoded.
 *
 * - `truncated`: the input ends before the value does.
 * - `trailing`: bytes follow a complete value.
 * - `overlong`: a number is not in its shortest form.
 * - `range`: a number is outside the range of its type, or outside what the format allows.
 * - `variant`: an enum variant, message type, opcode or option tag that is unknown or not allowed.
 * - `utf8`: text is not valid UTF-8.
 * - `length`: a length exceeds a limit or the bytes that are left, or is 0 where it must not be.
 * - `address`: text is not a socket address.
 * - `magic`: the first bytes are not those of the format.
 * - `version`: an unsupported version of the format.
 * - `label`: the packet belongs to another cluster.
 * - `checksum`: a checksum does not match its bytes.
 * - `encryption`: no key decrypts the bytes, or they are in clear where they must be encrypted.
 * - `capacity`: (encoding) the value does not fit the buffer or the maximum size of a packet.
 */
export type WireErrorCode =
  | 'truncated'
  | 'trailing'
  | 'overlong'
  | 'range'
  | 'variant'
  | 'utf8'
  | 'length'
  | 'address'
  | 'magic'
  | 'version'
  | 'label'
  | 'checksum'
  | 'encryption'
  | 'capacity';

/**
 * The only error that the codecs of this package throw: for bytes that cannot be decoded, and for
 * values that cannot be encoded.
 *
 * A decoder that throws has changed nothing but the position of its reader. An encoder that throws
 * may have written a part of the value: set the writer back to its earlier offset.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  /** What is wrong. The codes are stable. */
  readonly code: WireErrorCode;
  /** Where it is wrong, in bytes from the start of the input or output. */
  readonly offset: number;
  /** What would have been valid there, as text for people. */
  readonly expected: string;

  constructor(code: WireErrorCode, offset: number, expected: string, options?: ErrorOptions) {
    super(`${code} at byte ${offset}: expected ${expected}`, options);
    this.code = code;
    this.offset = offset;
    this.expected = expected;
  }
}
