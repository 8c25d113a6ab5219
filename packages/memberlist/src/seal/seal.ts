import { ByteReader, ByteWriter, type Crc32, crc32 as defaultCrc32 } from '@shoal/wire';
import { MESSAGE_TYPE } from '../messages/message-type.ts';
import { NONCE_LENGTH } from './aes-gcm.ts';
import {
  type CipherOptions,
  type CipherVersion,
  cipherLength,
  readCipher,
  writeCipher,
} from './cipher.ts';
import { labelHeader, labelIn, readLabel } from './label.ts';

/** How a cluster encrypts. */
export interface EncryptionOptions extends CipherOptions {
  /**
   * Returns that many random bytes, for the nonces. They must be unpredictable, and different from
   * those of all other members.
   */
  readonly random: (length: number) => Uint8Array;
  /** The version to send; both are read. Default 1. */
  readonly version?: CipherVersion | undefined;
  /** Whether to read what is not encrypted. Default false. GossipVerifyIncoming, negated. */
  readonly acceptClear?: boolean | undefined;
  /** Whether to send without encryption. Default false. GossipVerifyOutgoing, negated. */
  readonly sendClear?: boolean | undefined;
}

/** Options of a {@link Seal}. */
export interface SealOptions {
  /** The label of the cluster, at most 255 bytes of UTF-8. Default: none. */
  readonly label?: string | undefined;
  /** Default: no encryption. */
  readonly encryption?: EncryptionOptions | undefined;
  /** Computes the checksums. Default: that of `@shoal/wire`; `zlib.crc32` is faster. */
  readonly crc32?: Crc32 | undefined;
}

/** The type and the length before the cipher of a stream. */
export const STREAM_CIPHER_HEADER = 5;

/** What a cluster puts around the bodies of packets and streams: checksum, encryption and label. */
export class Seal {
  /** The label header, which the dialer of a stream sends first. Empty without a label. */
  readonly labelHeader: Uint8Array;
  readonly #label: Uint8Array;
  readonly #encryption: EncryptionOptions | undefined;
  readonly #crc32: Crc32;

  /**
   * Throws a `WireError` with code `length` for a label of more than 255 bytes, or `utf8` for one
   * with a lone surrogate.
   */
  constructor(options: SealOptions = {}) {
    this.labelHeader = labelHeader(options.label ?? '');
    this.#label = labelIn(this.labelHeader);
    this.#encryption = options.encryption;
    this.#crc32 = options.crc32 ?? defaultCrc32;
  }

  /** Whether a stream must be encrypted to be read. */
  get demandsEncryption(): boolean {
    return this.#encryption !== undefined && !this.#encryption.acceptClear;
  }

  /** How many bytes {@link Seal.sealPacket} adds to a body, at most. */
  get packetOverhead(): number {
    const cipher = this.#sending ? cipherLength(0, this.#sending.version ?? 1) : 0;
    return this.labelHeader.length + cipher + CRC_HEADER;
  }

  /** A body as a packet. With `crc`, a checksum stands before it. */
  sealPacket(body: Uint8Array, crc: boolean): Uint8Array {
    const clear = crc ? this.#withCrc(body) : body;
    const encryption = this.#sending;
    const writer = new ByteWriter({ capacity: this.packetOverhead + body.length });
    writer.raw(this.labelHeader);
    if (encryption) this.#writeCipher(writer, clear, this.#label, encryption);
    else writer.raw(clear);
    return writer.copy();
  }

  /**
   * The body in a packet, a view of it unless it was encrypted.
   *
   * Throws a `WireError` with code `label` for the label of another cluster, `encryption` if no key
   * decrypts it, `checksum`, or `truncated`. The offset of a wrong checksum is that in the
   * decrypted bytes.
   */
  openPacket(bytes: Uint8Array): Uint8Array {
    const reader = new ByteReader(bytes);
    readLabel(reader, this.labelHeader);
    return this.#checked(this.#decrypted(reader));
  }

  /** A body as it is sent on a stream, without the label header. */
  sealStream(body: Uint8Array): Uint8Array {
    const encryption = this.#sending;
    if (encryption === undefined) return body;
    const length = cipherLength(body.length, encryption.version ?? 1);
    const writer = new ByteWriter({ capacity: STREAM_CIPHER_HEADER + length });
    writer.u8(MESSAGE_TYPE.encrypt);
    writer.u32be(length);
    this.#writeCipher(writer, body, this.#streamAssociated(writer.copy()), encryption);
    return writer.copy();
  }

  /**
   * The body in a cipher of a stream, whose header of 5 bytes is included. Throws as {@link
   * Seal.openPacket}.
   */
  openStream(bytes: Uint8Array): Uint8Array {
    const reader = new ByteReader(bytes);
    const header = reader.view(STREAM_CIPHER_HEADER);
    const encryption = this.#encryption;
    if (encryption === undefined) return reader.fail('encryption', 'a body in clear', 0);
    return readCipher(reader, this.#streamAssociated(header), encryption);
  }

  /** How to encrypt what is sent; undefined to send it in clear. */
  get #sending(): EncryptionOptions | undefined {
    return this.#encryption?.sendClear ? undefined : this.#encryption;
  }

  #streamAssociated(header: Uint8Array): Uint8Array {
    return Uint8Array.of(...header, ...this.#label);
  }

  #writeCipher(
    writer: ByteWriter,
    plain: Uint8Array,
    associated: Uint8Array,
    { keyring, aesGcm, random, version = 1 }: EncryptionOptions,
  ): void {
    writeCipher(writer, plain, associated, {
      keyring,
      aesGcm,
      version,
      nonce: random(NONCE_LENGTH),
    });
  }

  #withCrc(body: Uint8Array): Uint8Array {
    const writer = new ByteWriter({ capacity: CRC_HEADER + body.length, fixed: true });
    writer.u8(MESSAGE_TYPE.crc);
    writer.u32be(this.#crc32(body));
    writer.raw(body);
    return writer.bytes;
  }

  /** The rest of a packet, decrypted if this cluster encrypts. */
  #decrypted(reader: ByteReader): Uint8Array {
    const { bytes, offset } = reader;
    const encryption = this.#encryption;
    if (encryption === undefined) return bytes.subarray(offset);
    try {
      return readCipher(reader, this.#label, encryption);
    } catch (error) {
      if (!encryption.acceptClear) throw error;
      return bytes.subarray(offset);
    }
  }

  /** What follows the checksum, if there is one. */
  #checked(clear: Uint8Array): Uint8Array {
    if (clear[0] !== MESSAGE_TYPE.crc) return clear;
    const reader = new ByteReader(clear);
    reader.skip(1);
    const expected = reader.u32be();
    const body = clear.subarray(CRC_HEADER);
    if (this.#crc32(body) === expected) return body;
    return reader.fail('checksum', `the crc32 of ${body.length} bytes`, 1);
  }
}

/** The type and the checksum before a body. */
const CRC_HEADER = 5;
