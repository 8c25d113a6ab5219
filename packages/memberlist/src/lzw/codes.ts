// The LZW of Go's compress/lzw with LSB order and 8 bits of literals, which is that of GIF.

/** Tells the decoder to forget all pairs. */
export const CLEAR = 256;
/** Ends the data. */
export const END = 257;
/** How many bits a code has after a clear code. */
export const FIRST_WIDTH = 9;
/** How many bits a code has at most. */
export const LAST_WIDTH = 12;
/** How many codes there are at most. */
export const MAX_CODES: number = 1 << LAST_WIDTH;
