import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WireError } from '../src/errors.ts';
import {
  decodeRestoreRequest,
  encodeRestoreFile,
  encodeRestoreFileCount,
  encodeRestoreRequest,
  encodeRestoreTrailer,
  RestoreDecoder,
  type RestorePart,
} from '../src/syncup/restore-format.ts';
import {
  decodeAck,
  decodeStreamFrame,
  decodeStreamReply,
  decodeStreamStart,
  encodeAck,
  encodeStreamFrame,
  encodeStreamReply,
  encodeStreamStart,
} from '../src/syncup/stream-frame.ts';
import { decodeSyncup, encodeSyncup } from '../src/syncup/syncup-codec.ts';
import type { SyncupMessage } from '../src/syncup/syncup-message.ts';

/** Golden bytes that the real noxu-rep produced or accepted, see packages/interop. */
interface Vector<V> {
  readonly name: string;
  readonly kind: string;
  readonly value: V;
  readonly hex: string;
  readonly lenient?: boolean;
}

function load<V>(file: string): { vectors: Vector<V>[]; invalid: Vector<undefined>[] } {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8'));
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function messageOf(value: Record<string, unknown>): SyncupMessage {
  const message: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    message[key] = typeof field === 'string' && key !== 'type' ? BigInt(field) : field;
  }
  return message as unknown as SyncupMessage;
}

/** The payload of the `index`th length-prefixed frame in `bytes`. */
function unframed(bytes: Uint8Array, index: number): Uint8Array {
  let at = 0;
  for (let i = 0; ; i++) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
    if (i === index) return bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

describe('noxu-syncup.json', () => {
  interface Value extends Record<string, unknown> {
    readonly type: string;
    readonly messages: { message: Record<string, unknown>; hex: string }[];
  }
  const { vectors, invalid } = load<Value>('noxu-syncup.json');
  const messages = vectors.filter((vector) => vector.kind === 'message');

  it('has vectors for all seven messages', () => {
    expect(new Set(messages.map((vector) => vector.value.type)).size).toBe(7);
  });

  it.each(messages.filter((vector) => !vector.lenient))('$name', ({ value, hex }) => {
    const message = messageOf(value);
    expect(decodeSyncup(bytesOf(hex))).toEqual(message);
    expect(hexOf(encodeSyncup(message))).toBe(hex);
  });

  it.each(messages.filter((vector) => vector.lenient))('$name, lenient', ({ value, hex }) => {
    expect(() => decodeSyncup(bytesOf(hex))).toThrow(WireError);
    expect(decodeSyncup(bytesOf(hex), { lenient: true })).toEqual(messageOf(value));
  });

  it.each(invalid)('refuses: $name', ({ hex }) => {
    expect(() => decodeSyncup(bytesOf(hex))).toThrow(WireError);
    expect(() => decodeSyncup(bytesOf(hex), { lenient: true })).toThrow(WireError);
  });

  it('reads every message of the recorded handshakes', () => {
    const handshakes = vectors.filter((vector) => vector.kind === 'handshake');
    expect(handshakes.length).toBeGreaterThan(0);
    for (const { value } of handshakes) {
      for (const { message, hex } of value.messages) {
        expect(decodeSyncup(bytesOf(hex))).toEqual(messageOf(message));
        expect(hexOf(encodeSyncup(messageOf(message)))).toBe(hex);
      }
    }
  });
});

describe('noxu-stream.json', () => {
  interface Value {
    readonly vlsn: string;
    readonly type: number;
    readonly payload: string;
    readonly startVlsn: string;
    readonly reply: string;
    readonly frameLengths: number[];
    readonly applied: string[];
  }
  const { vectors, invalid } = load<Value>('noxu-stream.json');

  it.each(vectors.filter((vector) => !vector.lenient))('$name', ({ kind, value, hex }) => {
    const bytes = bytesOf(hex);
    if (kind === 'frame') {
      const { vlsn, type, payload } = value;
      const frame = { vlsn: BigInt(vlsn), type, payload: bytesOf(payload) };
      expect(decodeStreamFrame(bytes)).toEqual(frame);
      expect(hexOf(encodeStreamFrame(frame))).toBe(hex);
    } else if (kind === 'ack') {
      expect(decodeAck(bytes)).toBe(BigInt(value.vlsn));
      expect(hexOf(encodeAck(BigInt(value.vlsn)))).toBe(hex);
    } else if (kind === 'start') {
      expect(decodeStreamStart(bytes)).toBe(BigInt(value.startVlsn));
      expect(hexOf(encodeStreamStart(BigInt(value.startVlsn)))).toBe(hex);
    } else if (kind === 'connect') {
      expect(new TextDecoder().decode(unframed(bytes, 0))).toBe('PEER_FEEDER');
      expect(decodeStreamStart(unframed(bytes, 1))).toBe(BigInt(value.startVlsn));
    } else {
      expect(kind).toBe('reply');
      const reply = value.reply === 'serve' ? 'serve' : 'restore';
      expect(decodeStreamReply(bytes)).toBe(reply);
      expect(hexOf(encodeStreamReply(reply))).toBe(hex);
    }
  });

  it.each(vectors.filter((vector) => vector.lenient))('$name, lenient', ({ value, hex }) => {
    let at = 0;
    const bytes = bytesOf(hex);
    const applied = value.frameLengths.map((length) => {
      const frame = decodeStreamFrame(bytes.subarray(at, at + length), { lenient: true });
      at += length;
      return String(frame.vlsn);
    });
    expect(applied).toEqual(value.applied);
  });

  const ofOneFrame = ['empty frame', 'frame of 16 bytes', 'payload cut short', 'wrong crc'];
  it.each(invalid.filter(({ name }) => ofOneFrame.includes(name) || name === 'changed payload'))(
    'refuses: $name',
    ({ hex }) => {
      expect(() => decodeStreamFrame(bytesOf(hex), { lenient: true })).toThrow(WireError);
    },
  );
});

describe('noxu-restore.json', () => {
  interface Value {
    readonly files: { name: string; data: string; crc32: number }[];
  }
  const { vectors, invalid } = load<Value>('noxu-restore.json');
  const payloads = vectors.filter((vector) => vector.kind === 'payload');

  function decode(bytes: Uint8Array, step: number): RestorePart[] {
    const decoder = new RestoreDecoder();
    const parts: RestorePart[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      parts.push(...decoder.push(bytes.subarray(at, at + step)));
    }
    decoder.finish();
    return parts;
  }

  it('reads and writes the request', () => {
    const [plain, framed] = vectors.filter((vector) => vector.kind === 'request');
    decodeRestoreRequest(bytesOf(plain!.hex));
    expect(hexOf(encodeRestoreRequest())).toBe(plain!.hex);
    expect(new TextDecoder().decode(unframed(bytesOf(framed!.hex), 0))).toBe('RESTORE');
    decodeRestoreRequest(unframed(bytesOf(framed!.hex), 1));
  });

  it.each(payloads.filter((vector) => !vector.lenient))('$name', ({ value, hex }) => {
    for (const step of [1, 2, 7, 1 << 20]) {
      const files = new Map<string, string>();
      let name = '';
      for (const part of decode(bytesOf(hex), step)) {
        if (part.type === 'file') {
          name = part.name;
          files.set(name, '');
        } else if (part.type === 'data') files.set(name, files.get(name) + hexOf(part.bytes));
      }
      expect([...files]).toEqual(value.files.map((file) => [file.name, file.data]));
    }
    const written = [encodeRestoreFileCount(value.files.length)];
    for (const { name, data, crc32 } of value.files) {
      const bytes = bytesOf(data);
      written.push(encodeRestoreFile(name, bytes.length), bytes, encodeRestoreTrailer(crc32));
    }
    expect(written.map(hexOf).join('')).toBe(hex);
  });

  it('is stricter than Noxu about a colon in a name and about trailing bytes', () => {
    const refused = payloads.filter((vector) => {
      try {
        decode(bytesOf(vector.hex), 5);
        return false;
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
        return true;
      }
    });
    expect(refused.map((vector) => vector.name).sort()).toEqual([
      'a drive in the name',
      'trailing bytes',
    ]);
  });

  it.each(invalid)('refuses: $name', ({ hex }) => {
    for (const step of [1, 3, 1 << 20]) {
      expect(() => decode(bytesOf(hex), step)).toThrow(WireError);
    }
  });
});
