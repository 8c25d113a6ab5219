import { formatDescription, type PacketDescription } from '@shoal/wire';
import { describeAs, type FieldReader } from '@shoal/wire/internal';
import { MESSAGE_TYPE } from '../messages/message-type.ts';
import { type CipherOptions, readCipher } from '../seal/cipher.ts';
import { describeCrc, describeMessage } from './describe-message.ts';

/** How many bytes may come out of the decompression. */
const MAX_LENGTH = 41_943_040;

/** What the bytes of a layer are. */
export type MemberlistLayerFamily =
  | 'memberlist-packet'
  | 'memberlist-stream'
  /** What was encrypted in the layer before. */
  | 'memberlist-decrypted'
  /** What was compressed in a layer before. */
  | 'memberlist-decompressed';

/** A part of a packet whose bytes are not in the packet as they are. */
export interface MemberlistLayer {
  /** All bytes of the layer. */
  readonly bytes: Uint8Array;
  /** The offsets in it are those in `bytes`. */
  readonly description: PacketDescription<MemberlistLayerFamily>;
}

/** Options of {@link describeMemberlistPacket}. */
export interface DescribeMemberlistOptions {
  /** True for all that one side of a stream sent, false for a packet. Default false. */
  readonly stream?: boolean | undefined;
  /**
   * How to decrypt it. Without it the bytes are taken to be in clear: they do not show whether they
   * are encrypted.
   */
  readonly encryption?: CipherOptions | undefined;
  /** The label of the cluster, for the answer on an encrypted stream, which does not have it. */
  readonly label?: string | undefined;
}

/**
 * Describes a packet or one side of a stream as trees of names, offsets and values, for people and
 * for tools: the bytes themselves first, then what was encrypted or compressed in them. Fields of
 * messages have their names in Go.
 *
 * Never throws, whatever is in `bytes`: the description of a damaged layer has the fields that
 * could be read and the `error` that follows them.
 */
export function describeMemberlistPacket(
  bytes: Uint8Array,
  options: DescribeMemberlistOptions = {},
): readonly MemberlistLayer[] {
  const family = options.stream ? 'memberlist-stream' : 'memberlist-packet';
  const layers: MemberlistLayer[] = [];
  const queue: Layer[] = [{ family, bytes }];
  // By index: describing a layer may add some.
  for (let i = 0; i < queue.length; i++) {
    const layer = queue[i]!;
    const read = (fields: FieldReader): void => describeLayer(fields, layer, options, queue);
    const description = describeAs(layer.family, layer.bytes, read);
    layers.push({ bytes: layer.bytes, description });
  }
  return layers;
}

/** The layers as text for people. The layout may change in any release. */
export function formatMemberlistDescription(layers: readonly MemberlistLayer[]): string {
  return layers.map(({ description, bytes }) => formatDescription(description, bytes)).join('\n');
}

interface Layer {
  readonly family: MemberlistLayerFamily;
  readonly bytes: Uint8Array;
}

/** Describes a layer, and appends those that it holds to `queue`. */
function describeLayer(
  fields: FieldReader,
  { family }: Layer,
  options: DescribeMemberlistOptions,
  queue: Layer[],
): void {
  const stream = options.stream ?? false;
  const { reader } = fields;
  if (family === 'memberlist-packet' || family === 'memberlist-stream') {
    const label = describeLabel(fields) ?? new TextEncoder().encode(options.label ?? '');
    const isCipher = stream ? reader.bytes[reader.offset] === MESSAGE_TYPE.encrypt : true;
    if (options.encryption && isCipher) {
      const bytes = describeCipher(fields, stream, label, options.encryption);
      queue.push({ family: 'memberlist-decrypted', bytes });
      return;
    }
  }
  if (!stream && family !== 'memberlist-decompressed') describeCrc(fields);
  // Fewer are shown than a packet may hold, so that what the description holds stays bounded.
  const budget = MAX_LENGTH - queue.reduce((sum, layer) => sum + layer.bytes.length, 0);
  const push = (bytes: Uint8Array): number =>
    queue.push({ family: 'memberlist-decompressed', bytes });
  describeMessage(fields, { stream, maxLength: Math.max(0, budget), push });
  if (reader.remaining > 0) fields.field('ignored', (r) => r.view(r.remaining));
}

function describeLabel(fields: FieldReader): Uint8Array | undefined {
  const { reader } = fields;
  if (reader.bytes[reader.offset] !== MESSAGE_TYPE.label) return undefined;
  fields.field(
    'type',
    (r) => r.u8(),
    (type) => `${type} label`,
  );
  const length = fields.field('length', (r) => r.u8());
  return fields.field(
    'label',
    (r) => r.view(length),
    (label) => new TextDecoder().decode(label),
  );
}

/** Describes a cipher, and returns what it holds. */
function describeCipher(
  fields: FieldReader,
  stream: boolean,
  label: Uint8Array,
  encryption: CipherOptions,
): Uint8Array {
  const { reader } = fields;
  const header = reader.offset;
  if (stream) {
    fields.field(
      'type',
      (r) => r.u8(),
      (type) => `${type} encrypt`,
    );
    fields.field('length', (r) => r.u32be());
  }
  const start = reader.offset;
  const associated = Uint8Array.of(...reader.bytes.subarray(header, start), ...label);
  fields.field('version', (r) => r.u8());
  fields.field('nonce', (r) => r.view(12));
  fields.field('ciphertext', (r) => r.view(Math.max(0, r.remaining - 16)));
  fields.field('tag', (r) => r.view(16));
  reader.offset = start;
  return readCipher(reader, associated, encryption);
}
