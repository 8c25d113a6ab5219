import type { PacketMessage, StreamMessage } from './message.ts';

/** The first byte of a message, and of what wraps messages. */
export const MESSAGE_TYPE: {
  readonly [T in
    | PacketMessage['type']
    | StreamMessage['type']
    | 'compound'
    | 'compress'
    | 'encrypt'
    | 'crc'
    | 'label']: number;
} = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  crc: 12,
  error: 13,
  label: 244,
};
