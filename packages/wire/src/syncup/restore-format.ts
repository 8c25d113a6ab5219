import { crc32 } from '../bytes/crc32.ts';
import { putU16, putU32, u16At, u32At } from '../bytes/little-endian.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes/text.ts';
import { WireError } from '../errors.ts';

/** `NRST`, read as a little-endian u32: the client's request to Noxu's `RESTORE` service. */
const RESTORE_MAGIC = 0x4e525354;

/** What a {@link RestoreDecoder} finds in an answer, in order. */
export type RestorePart =
  /** How many files follow: 0..4,294,967,295. */
  | { readonly type: 'files'; readonly count: number }
  /**
   * A file starts. Its name is a plain file name, which cannot lead out of its directory. Its size is
   * in bytes.
   */
  | { readonly type: 'file'; readonly name: string; readonly size: number }
  /** The next bytes of the file: a view of what was pushed. */
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  /** The file is complete, and its checksum is right. */
  | { readonly type: 'fileEnd'; readonly name: string; readonly crc32: number }
  /** All files are complete. */
  | { readonly type: 'end' };

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32(bytes, 0, value);
  return bytes;
}

/** The client's request. */
export function encodeRestoreRequest(): Uint8Array {
  return u32(RESTORE_MAGIC);
}

/**
 * Checks a request. Throws a `WireError` with code `truncated`, `trailing` or `magic` if `bytes`
 * are anything else.
 */
export function decodeRestoreRequest(bytes: Uint8Array): void {
  if (bytes.length < 4) throw new WireError('truncated', bytes.length, '4 bytes of magic');
  if (bytes.length > 4) throw new WireError('trailing', 4, '4 bytes of magic');
  const magic = u32At(bytes, 0);
  if (magic !== RESTORE_MAGIC) {
    throw new WireError('magic', 0, `${RESTORE_MAGIC.toString(16)}, not ${magic.toString(16)}`);
  }
}

/**
 * The start of the server's answer: how many files follow. Throws a `WireError` with code `range`
 * for a count outside u32.
 */
export function encodeRestoreFileCount(count: number): Uint8Array {
  if (count !== count >>> 0) throw new WireError('range', 0, `a count of 0..2^32-1, not ${count}`);
  return u32(count);
}

/**
 * The header of a file. The server then sends the data, and {@link encodeRestoreTrailer}.
 *
 * Throws a `WireError` with code `range` for a name that is not a plain file name, or for a size
 * that is not a whole number of 0..2^53-1 bytes, `utf8` for a name with a lone surrogate, and
 * `length` for a name of more than 65,535 bytes.
 */
export function encodeRestoreFile(name: string, size: number): Uint8Array {
  checkRestoreName(name);
  const text = encodeUtf8(name);
  const { length } = text;
  if (length > 0xffff) throw new WireError('length', 0, 'a name of at most 65,535 bytes');
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

/**
 * The CRC-32 of a file's data, which follows the data. Throws a `WireError` with code `range` for a
 * `crc` outside u32.
 */
export function encodeRestoreTrailer(crc: number): Uint8Array {
  if (crc !== crc >>> 0) throw new WireError('range', 0, `a crc32 of 0..2^32-1, not ${crc}`);
  return u32(crc);
}

/**
 * Throws a `WireError` with code `range` unless `name` is a plain file name: not empty, no leading
 * dot, no slash, backslash, colon or NUL. Such a name cannot lead out of its directory, not even on
 * Windows. (Noxu allows colons, but its own names have none.) Duplicate names are not detected.
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

/** What the decoder reads next. */
type State = 'count' | 'nameLength' | 'name' | 'data' | 'trailer' | 'end';

/**
 * Reads the answer of a restore in pieces of any size, and passes on the data of each file as it
 * arrives. It holds no more than one file name in memory, whatever sizes the peer announces.
 *
 * Do not use it after it has thrown. The parts that it yielded before are valid, but the current
 * file is incomplete.
 */
export class RestoreDecoder {
  #state: State = 'count';
  /** Collects a field that may arrive in pieces. */
  #field: Uint8Array = new Uint8Array(4);
  #filled = 0;
  #offset = 0;
  #filesLeft = 0;
  #name = '';
  #dataLeft = 0;
  #crc = 0;

  /** True when all files have arrived. */
  get done(): boolean {
    return this.#state === 'end';
  }

  /**
   * Takes the next bytes and yields the parts in them. Iterate to the end before the next call.
   * Data is a view of `bytes`.
   *
   * Throws a `WireError` whose offset is counted from the start of the answer, with code `range`
   * for a name that is not a plain file name or a size over 2^53-1, `utf8`, `checksum`, or
   * `trailing` for bytes after the last file.
   */
  *push(bytes: Uint8Array): Generator<RestorePart, void, undefined> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'end') {
        throw new WireError('trailing', this.#offset, 'nothing after the last file');
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

  /**
   * Call this at the end of the input. Throws a `WireError` with code `truncated` unless all files
   * have arrived.
   */
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
        // The name is read together with the u64 size after it.
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
