/** The first byte of each message that is Shoal's own; 1..7 are Noxu's. */
export const OPCODE = {
  hello: 16,
  welcome: 17,
  entries: 18,
  ack: 19,
  heartbeat: 20,
  restoreResume: 21,
  restoreBegin: 22,
  restoreChunk: 23,
  restoreEnd: 24,
  goodbye: 25,
  chainedEntries: 26,
} as const;

/** Where the checksummed part of entries and chunks begins: behind opcode and crc32. */
export const CHECKED = 5;
/** Type and length, before each entry's payload. */
export const ENTRY_HEADER = 5;
