/**
 * Why bytes, or a value to be turned into bytes, were refused.
 *
 * - `truncated`: the input ends before the value does.
 * - `trailing`: bytes are left over after a complete value.
 * - `overlong`: a number that is not in its shortest form.
 * - `range`: a number outside its type's range, or outside what the format allows.
 * - `variant`: an unknown enum variant, message type, opcode or option tag.
 * - `utf8`: text that is not valid UTF-8.
 * - `length`: a length that exceeds what is left, or a limit.
 * - `address`: text that is not a socket address.
 * - `magic`: the first bytes are not this format's.
 * - `version`: a version that this decoder does not speak.
 * - `label`: a packet of another cluster.
 * - `checksum`: a checksum that does not match its bytes.
 * - `capacity`: (encoding) the value does not fit into a writer of fixed size.
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
  | 'capacity';

/**
 * The only error that a codec of this package throws, for bad bytes and for values that
 * cannot be encoded. A decoder that threw has changed nothing but its reader's position;
 * an encoder that threw may have left part of a value in its writer: roll that back to a mark.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  /** Where in the input (or output) the fault lies, in bytes from its start. */
  readonly offset: number;
  /** What would have been right at that place. */
  readonly expected: string;

  constructor(code: WireErrorCode, offset: number, expected: string, options?: ErrorOptions) {
    super(`${code} at byte ${offset}: expected ${expected}`, options);
    this.code = code;
    this.offset = offset;
    this.expected = expected;
  }
}
