import { ByteReader, WireError } from '@shoal/wire';
import type { StreamMessage } from '../messages/message.ts';
import { MESSAGE_TYPE } from '../messages/message-type.ts';
import { labelHeaderLength, readLabel } from '../seal/label.ts';
import { type Seal, STREAM_CIPHER_HEADER } from '../seal/seal.ts';
import { BodyScanner } from './body-scanner.ts';
import type { StreamSide } from './stream.ts';
import { decodeStreamBody } from './stream-body.ts';

/** How many bytes of a cipher are read, as in memberlist: 20 MiB. */
const MAX_CIPHER_LENGTH = 20_971_520;
/** How many bytes of a body are read, and decompressed, as in memberlist: 40 MiB. */
const DEFAULT_MAX_LENGTH = 41_943_040;

/** Options of a {@link MemberlistStreamDecoder}. */
export interface StreamDecoderOptions {
  /** That of the cluster. */
  readonly seal: Seal;
  /** Which end of the stream the other side is. Only a dialer sends the label. */
  readonly from: StreamSide;
  /**
   * How many bytes the other side may send, and how many of them may come out of the
   * decompression. Default 41,943,040 (40 MiB).
   */
  readonly maxLength?: number | undefined;
}

/**
 * Reads what one side of a stream sends, which is one message, in pieces of any size. The message
 * ends where its parts end: the sender neither announces its length nor closes.
 *
 * Memory grows with what has arrived, never with what is announced. Do not use the decoder after it
 * has thrown.
 */
export class MemberlistStreamDecoder {
  readonly #seal: Seal;
  readonly #maxLength: number;
  /** What has arrived, at the start of a larger buffer. */
  #bytes = new Uint8Array(512);
  #length = 0;
  #labelled: boolean;
  /** Where the body begins, after the label. */
  #start = 0;
  #scanner: BodyScanner | undefined;
  /** The offset after the message; -1 until it is complete. */
  #end = -1;

  constructor(options: StreamDecoderOptions) {
    this.#seal = options.seal;
    this.#maxLength = options.maxLength ?? DEFAULT_MAX_LENGTH;
    this.#labelled = options.from === 'dialer';
  }

  /** How many bytes have arrived after the message. A real member sends none. */
  get trailing(): number {
    return this.#end < 0 ? 0 : this.#length - this.#end;
  }

  /**
   * Takes the next bytes, of which it keeps a copy. Returns the message when it is complete, and
   * undefined before and after that.
   *
   * Throws a `WireError` with code `label` for the label of another cluster, `encryption` for a
   * body in clear that must be encrypted, or if no key decrypts it, `length` for more than may be
   * sent, and `variant`, `range`, `utf8` or `truncated` for a body that is damaged. Offsets count
   * from the start of the stream or, inside, from that of the decrypted or decompressed bytes.
   */
  push(chunk: Uint8Array): StreamMessage | undefined {
    const done = this.#end >= 0;
    if (done) {
      this.#length += chunk.length;
      return undefined;
    }
    this.#append(chunk);
    const message = this.#read(new ByteReader(this.#bytes.subarray(0, this.#length)));
    if (message === undefined && this.#length > this.#maxLength) {
      throw new WireError('length', this.#maxLength, `at most ${this.#maxLength} bytes`);
    }
    return message;
  }

  /**
   * Call this at the end of the stream. Throws a `WireError` with code `truncated` unless the
   * message is complete.
   */
  finish(): void {
    if (this.#end < 0) throw new WireError('truncated', this.#length, 'the rest of a message');
  }

  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      bigger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = bigger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  #read(reader: ByteReader): StreamMessage | undefined {
    if (this.#labelled && !this.#readLabel(reader)) return undefined;
    reader.offset = this.#start;
    if (reader.remaining === 0) return undefined;
    if (reader.bytes[this.#start] === MESSAGE_TYPE.encrypt) return this.#readCipher(reader);
    if (this.#seal.demandsEncryption) reader.fail('encryption', 'an encrypted body');
    this.#scanner ??= new BodyScanner(this.#start);
    const end = this.#scanner.scan(reader);
    return end < 0 ? undefined : this.#decode(reader.bytes.subarray(this.#start, end), end);
  }

  /** Reads the label of a dialer, and returns false while it is incomplete. */
  #readLabel(reader: ByteReader): boolean {
    const length = labelHeaderLength(reader);
    if (length < 0 || length > reader.remaining) return false;
    readLabel(reader, this.#seal.labelHeader);
    this.#start = length;
    this.#labelled = false;
    return true;
  }

  #readCipher(reader: ByteReader): StreamMessage | undefined {
    if (reader.remaining < STREAM_CIPHER_HEADER) return undefined;
    const at = reader.take(1);
    const length = reader.u32be();
    if (length > Math.min(MAX_CIPHER_LENGTH, this.#maxLength)) {
      reader.fail(
        'length',
        `a cipher of at most ${MAX_CIPHER_LENGTH} bytes, not ${length}`,
        at + 1,
      );
    }
    if (reader.remaining < length) return undefined;
    const end = reader.offset + length;
    return this.#decode(this.#seal.openStream(reader.bytes.subarray(at, end)), end);
  }

  #decode(body: Uint8Array, end: number): StreamMessage {
    const message = decodeStreamBody(body, this.#maxLength);
    this.#end = end;
    return message;
  }
}
