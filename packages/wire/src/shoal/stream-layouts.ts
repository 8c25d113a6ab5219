import { count, rest, tag, text8, u8, u32, u53, u64 } from '../bytes/fields.ts';
import { type Constant, MessageFamily } from '../bytes/message-format.ts';
import type { SyncupMessage } from '../syncup/syncup-message.ts';
import { GOODBYE_LAYOUT } from './goodbye.ts';
import type { ShoalStreamMessage } from './shoal-stream.ts';
import { entries, entriesLength } from './stream-entries.ts';

/** Shoal's own messages have opcodes from 16 on. The syncup messages have 1 to 7. */
export type OwnStreamMessage = Exclude<ShoalStreamMessage, SyncupMessage>;

/** `SHLS`, read as a little-endian u32. */
const magic: Constant = { codec: tag, value: 0x534c4853, code: 'magic' };

/** Each message as docs/wire-protocol.md specifies it, under "Streams". */
export const STREAM_MESSAGES: MessageFamily<OwnStreamMessage> =
  /* @__PURE__ */ new MessageFamily<OwnStreamMessage>({
    hello: {
      opcode: 16,
      preamble: { magic },
      fields: { versionMin: u8, versionMax: u8, features: u32, label: tag, term: u64, name: text8 },
      extensible: true,
    },
    welcome: {
      opcode: 17,
      preamble: { magic },
      fields: { version: u8, features: u32, label: tag, term: u64, first: u64, last: u64 },
      extensible: true,
    },
    entries: {
      opcode: 18,
      checksum: true,
      fields: { firstVlsn: u64, entries },
      // The opcode, the checksum, firstVlsn and the count take 17 bytes.
      lengthOf: (message) => 17 + entriesLength(message.entries),
    },
    ack: { opcode: 19, fields: { vlsn: u64 } },
    heartbeat: { opcode: 20, fields: { term: u64, last: u64, durable: u64, time: u53 } },
    restoreResume: { opcode: 21, fields: { snapshot: u64, offset: u53 } },
    restoreBegin: { opcode: 22, fields: { snapshot: u64, size: u53, offset: u53, last: u64 } },
    restoreChunk: {
      opcode: 23,
      checksum: true,
      fields: { offset: u53, bytes: rest },
      // The opcode, the checksum and the offset take 13 bytes.
      lengthOf: (message) => 13 + message.bytes.length,
    },
    restoreEnd: { opcode: 24, fields: { size: u53, digest: u64 } },
    goodbye: GOODBYE_LAYOUT,
    chainedEntries: { opcode: 26, fields: { fingerprint: u64, firstVlsn: u64, count } },
  });
