import { crc32 } from '../bytes/crc32.ts';
import { putU16, putU32, u16At, u32At } from '../bytes/little-endian.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes/text.ts';
import { WireError } from '../errors.ts';

/** `NRST` read as a little-endian u32: the client's request on Noxu's `RESTORE` service. */
export const RESTORE_MAGIC = 0x4e525354;

/** What a {@link RestoreDecoder} has found, in the order of the bytes. */
export type RestorePart =
  /** How many files follow: 0..4,294,967,295. */
  | { readonly type: 'files'; readonly count: number }
  /** A file begins. Its name is safe to join to a directory's; its size is in bytes. */
  | { readonly type: 'file'; readonly name: string; readonly size: number }
  /** Bytes of that file, a view of what was pushed. */
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  /** The file is complete, and its checksum was right. */
  | { readonly type: 'fileEnd'; readonly name: string; readonly crc32: number }
  /** All files are complete. */
  | { readonly type: 'end' };

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32(bytes, 0, value);
  return bytes;
}

/** What the client sends first. */
export function encodeRestoreRequest(): Uint8Array {
  return u32(RESTORE_MAGIC);
}

/** Throws `truncated`, `trailing` or `magic` unless `bytes` are a request. */
export function decodeRestoreRequest(bytes: Uint8Array): void {
  if (bytes.length < 4) throw new WireError('truncated', bytes.length, '4 bytes of magic');
  if (bytes.length > 4) throw new WireError('trailing', 4, '4 bytes of magic');
  const magic = u32At(bytes, 0);
  if (magic !== RESTORE_MAGIC) {
    throw new WireError('magic', 0, `${RESTORE_MAGIC.toString(16)}, not ${magic.toString(16)}`);
  }
}

/** The server's answer begins with the number of files. Throws `range` outside u32. */
export function encodeRestoreFileCount(count: number): Uint8Array {
  if (count !== count >>> 0) throw new WireError('range', 0, `a count of 0..2^32-1, not ${count}`);
  return u32(count);
}

/**
 * What stands before each file's data. Behind the data follows its CRC-32:
 * {@link encodeRestoreTrailer}.
 *
 * Throws as {@link checkRestoreName}, and `range` for a size that is not a whole number of
 * 0..2^53-1 bytes.
 */
export function encodeRestoreFile(name: string, size: number): Uint8Array {
  checkRestoreName(name);
  const text = encodeUtf8(name);
  const { length } = text;
  if (length > 0xffff) throw new WireError('length', 0, 'a name of 65,535 bytes at most');
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new WireError('range', 2 + length, `a size of 0..2^53-1 bytes, not ${size}`);
  }
  const bytes = new Uint8Array(10 + length);
  putU16(bytes, 0, length);
  bytes.set(text, 2);
  putU32(bytes, 2 + length, size);
  putU32(bytes, 6 + length, Math.floor(size / 0x1_0000_0000));
  return bytes;
}

/** The CRC-32 of a file's data, as it stands behind it. */
export function encodeRestoreTrailer(crc: number): Uint8Array {
  if (crc !== crc >>> 0) throw new WireError('range', 0, `a crc32 of 0..2^32-1, not ${crc}`);
  return u32(crc);
}

/**
 * Throws a `WireError` with code `range` unless `name` is a plain file name: not empty, no
 * leading dot, no slash, backslash, colon or NUL, so that it cannot leave its directory, on
 * Windows neither. (Noxu lets a colon pass; its own names have none.) Whether a name comes
 * twice is for the one that stores the files to notice.
 */
export function checkRestoreName(name: string, offset = 0): void {
  const fail = (expected: string): never => {
    throw new WireError('range', offset, `${expected}, not ${JSON.stringify(name.slice(0, 64))}`);
  };
  if (name === '') fail('a file name that is not empty');
  if (name.startsWith('.')) fail('a file name without a leading dot');
  for (const char of name) {
    if (char === '/' || char === '\\' || char === ':' || char === '\0') {
      fail('a file name without a slash, a backslash, a colon or NUL');
    }
  }
}

/** What the decoder waits for. */
type State = 'count' | 'nameLength' | 'name' | 'data' | 'trailer' | 'end';

/**
 * Reads a restore answer in pieces of any size and hands on each file's data as it comes:
 * its memory is bounded by one file name, whatever the sizes that a peer claims.
 *
 * After a throw (see {@link RestoreDecoder.push}) it must not be used again; parts that it
 * had handed on before are valid, but the file in progress is not complete.
 */
export class RestoreDecoder {
  #state: State = 'count';
  /** Collects a field that may come in pieces. */
  #field: Uint8Array = new Uint8Array(4);
  #filled = 0;
  #offset = 0;
  #filesLeft = 0;
  #name = '';
  #dataLeft = 0;
  #crc = 0;

  /** True when all files have come. */
  get done(): boolean {
    return this.#state === 'end';
  }

  /**
   * Takes the next bytes and yields what they hold. Drain it before the next push; `data`
   * parts are views of `bytes`.
   *
   * Throws a `WireError`, its offset counted from the start of the answer: `range` for an
   * unsafe name or a size over 2^53-1, `utf8`, `checksum`, and `trailing` for bytes behind
   * the last file.
   */
  *push(bytes: Uint8Array): Generator<RestorePart, void, undefined> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'end') {
        throw new WireError('trailing', this.#offset, 'nothing behind the last file');
      }
      if (this.#state === 'data') {
        const take = Math.min(this.#dataLeft, bytes.length - at);
        const data = bytes.subarray(at, at + take);
        at += take;
        this.#offset += take;
        this.#dataLeft -= take;
        this.#crc = crc32(data, this.#crc);
        if (this.#dataLeft === 0) this.#expect('trailer', 4);
        yield { type: 'data', bytes: data };
        continue;
      }
      const take = Math.min(this.#field.length - this.#filled, bytes.length - at);
      this.#field.set(bytes.subarray(at, at + take), this.#filled);
      this.#filled += take;
      this.#offset += take;
      at += take;
      if (this.#filled === this.#field.length) yield* this.#fieldComplete();
    }
  }

  /** Throws `truncated` unless all files have come. Call it at the end of the input. */
  finish(): void {
    if (this.#state !== 'end') {
      throw new WireError('truncated', this.#offset, `more bytes: ${this.#state}`);
    }
  }

  #expect(state: State, length: number): void {
    this.#state = state;
    this.#field = new Uint8Array(length);
    this.#filled = 0;
  }

  #nextFile(): RestorePart[] {
    if (this.#filesLeft === 0) {
      this.#state = 'end';
      return [{ type: 'end' }];
    }
    this.#filesLeft--;
    this.#expect('nameLength', 2);
    return [];
  }

  #fieldComplete(): RestorePart[] {
    const field = this.#field;
    const start = this.#offset - field.length;
    switch (this.#state) {
      case 'count': {
        this.#filesLeft = u32At(field, 0);
        return [{ type: 'files', count: this.#filesLeft }, ...this.#nextFile()];
      }
      case 'nameLength':
        // The name and the u64 size behind it are taken together.
        this.#expect('name', u16At(field, 0) + 8);
        return [];
      case 'name': {
        const end = field.length - 8;
        const name = decodeUtf8(field, 0, end);
        checkRestoreName(name, start);
        const size = u32At(field, end) + u32At(field, end + 4) * 0x1_0000_0000;
        if (!Number.isSafeInteger(size)) {
          throw new WireError('range', start + end, 'a size of 0..2^53-1 bytes');
        }
        this.#name = name;
        this.#dataLeft = size;
        this.#crc = 0;
        if (size === 0) this.#expect('trailer', 4);
        else this.#state = 'data';
        return [{ type: 'file', name, size }];
      }
      default: {
        const expected = u32At(field, 0);
        if (expected !== this.#crc) {
          const found = `${this.#crc.toString(16)}, not ${expected.toString(16)}`;
          throw new WireError('checksum', start, `the crc32 of ${this.#name}, ${found}`);
        }
        const part: RestorePart = { type: 'fileEnd', name: this.#name, crc32: expected };
        return [part, ...this.#nextFile()];
      }
    }
  }
}
