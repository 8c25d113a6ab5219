import type { SkippableCodec } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import { readVarint32, writeVarint32 } from '../bytes/varint.ts';
import type { ByteWriter } from '../bytes/writer.ts';

/** The longest address, in bytes of UTF-8. */
const MAX_ADDRESS_BYTES = 255;
/** The longest metadata, in bytes. */
const MAX_METADATA_BYTES = 512;
/** The largest generation: 2^48 - 1. */
export const MAX_GENERATION: number = 2 ** 48 - 1;

/**
 * The default identity in Shoal's own protocol. `address` and `generation` say who the member is.
 * `metadata` is data of the application, and changes only together with `generation`.
 *
 * Packets share decoded identities: treat them as frozen.
 */
export interface NodeIdentity {
  /**
   * Where the member can be reached, 1..255 bytes of UTF-8: `"10.0.0.1:7946"`, `"[::1]:7946"`,
   * `"host:7946!tab"`.
   */
  readonly address: string;
  /**
   * 0..2^48-1. Of two identities with the same address, the one with the higher generation wins.
   * Usually the time at which the process started, in milliseconds since 1970.
   */
  readonly generation: number;
  /** 0..512 bytes from the application, such as a role. Each update of the member carries them. */
  readonly metadata: Uint8Array;
}

const NO_METADATA = new Uint8Array(0);

/** Writes an address: its length as a u8, then UTF-8. */
export function writeAddress(writer: ByteWriter, address: string): void {
  const at = writer.reserve(1);
  const size = writer.text(address);
  if (size < 1 || size > MAX_ADDRESS_BYTES) writer.fail('length', 'an address of 1..255 bytes');
  writer.bytes[at] = size;
}

export function readAddress(reader: ByteReader): string {
  const at = reader.offset;
  const size = reader.u8();
  if (size === 0) reader.fail('length', 'an address of 1..255 bytes', at);
  return reader.text(size);
}

function writeKey(writer: ByteWriter, id: NodeIdentity): void {
  writeAddress(writer, id.address);
  writer.u48be(id.generation);
}

function skipKey(reader: ByteReader): void {
  const size = reader.u8();
  reader.skip(size + 6);
}

function readMetadataSize(reader: ByteReader): number {
  const at = reader.offset;
  const size = readVarint32(reader, 0xffff);
  if (size > MAX_METADATA_BYTES) reader.fail('length', 'metadata of at most 512 bytes', at);
  return size;
}

/** A whole {@link NodeIdentity}: the address, the generation as a u48, the metadata. */
export const nodeIdentity: SkippableCodec<NodeIdentity> = {
  encode(writer, id) {
    writeKey(writer, id);
    const size = id.metadata.length;
    if (size > MAX_METADATA_BYTES) writer.fail('length', 'metadata of at most 512 bytes');
    writeVarint32(writer, size);
    if (size > 0) writer.raw(id.metadata);
  },
  decode(reader) {
    const address = readAddress(reader);
    const generation = reader.u48be();
    const size = readMetadataSize(reader);
    const metadata = size === 0 ? NO_METADATA : reader.view(size).slice();
    return { address, generation, metadata };
  },
  skip(reader) {
    skipKey(reader);
    reader.skip(readMetadataSize(reader));
  },
};

/** The address and the generation of a {@link NodeIdentity}. Its metadata is decoded as empty. */
export const nodeReference: SkippableCodec<NodeIdentity> = {
  encode: writeKey,
  decode: (reader) => ({
    address: readAddress(reader),
    generation: reader.u48be(),
    metadata: NO_METADATA,
  }),
  skip: skipKey,
};
