import type { Codec } from '../bytes/codec.ts';
import { BINCODE, POSTCARD, type SerdeFormat } from '../formats/serde-format.ts';
import { SHOAL_MAGIC } from '../shoal/shoal-codec.ts';
import { describeShoalState, describeShoalStream, describeSyncup } from './describe-message.ts';
import { describeNoxuRestore, describeNoxuStream } from './describe-noxu.ts';
import { describeFoca, describeShoal } from './describe-swim.ts';
import { describeAs, type PacketDescription, type PacketFamily } from './description.ts';

/** Options of {@link describePacket}. */
export interface DescribePacketOptions {
  /** What the bytes are. Default: the first family that can read all of them. */
  readonly family?: PacketFamily | undefined;
  /**
   * Makes the codec of the identities in a foca cluster. Default: that of
   * `{ addr: SocketAddr, bump: u64 }`.
   */
  readonly focaIdentity?: ((format: SerdeFormat) => Codec<unknown>) | undefined;
}

/**
 * The families in the order in which they are tried: those that are easy to recognize come first.
 */
const FAMILIES: readonly PacketFamily[] = [
  'shoal',
  'noxu-syncup',
  'noxu-stream',
  'shoal-stream',
  'shoal-state',
  'foca+postcard',
  'foca+bincode',
  'noxu-restore',
];

/**
 * Describes any packet as a tree of names, offsets and values, for people and for tools. Pass a
 * frame without its length.
 *
 * Never throws, whatever is in `bytes`: the description of a damaged packet has the fields that
 * could be read and the `error` that follows them.
 *
 * Without a `family`, the function guesses it. A few bytes can be valid in several families, so
 * pass the family if you know it.
 */
export function describePacket(
  bytes: Uint8Array,
  options: DescribePacketOptions = {},
): PacketDescription {
  if (options.family) return describe(options.family, bytes, options);
  let best: PacketDescription | undefined;
  for (const family of FAMILIES) {
    const description = describe(family, bytes, options);
    if (!description.error) return description;
    if (family === 'shoal' && bytes[0] === SHOAL_MAGIC) return description;
    if (!best?.error || description.error.offset > best.error.offset) best = description;
  }
  return best!;
}

function describe(
  family: PacketFamily,
  bytes: Uint8Array,
  options: DescribePacketOptions,
): PacketDescription {
  const identity = options.focaIdentity ?? defaultFocaIdentity;
  return describeAs(family, bytes, (fields) => {
    switch (family) {
      case 'foca+postcard':
        return describeFoca(fields, POSTCARD.u16, identity(POSTCARD));
      case 'foca+bincode':
        return describeFoca(fields, BINCODE.u16, identity(BINCODE));
      case 'shoal':
        return describeShoal(fields);
      case 'shoal-stream':
        return describeShoalStream(fields, bytes);
      case 'shoal-state':
        return describeShoalState(fields, bytes);
      case 'noxu-syncup':
        return describeSyncup(fields, bytes);
      case 'noxu-stream':
        return describeNoxuStream(fields, bytes);
      case 'noxu-restore':
        return describeNoxuRestore(fields);
    }
  });
}

function defaultFocaIdentity(format: SerdeFormat): Codec<unknown> {
  return format.struct({ addr: format.socketAddress, bump: format.u64 }) as Codec<unknown>;
}
