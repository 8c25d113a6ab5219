import type { Codec } from '../bytes/codec.ts';
import { BINCODE, POSTCARD, type SerdeFormat } from '../formats/serde-format.ts';
import { SHOAL_MAGIC } from '../shoal/shoal-codec.ts';
import { describeShoalState, describeShoalStream, describeSyncup } from './describe-message.ts';
import { describeNoxuRestore, describeNoxuStream } from './describe-noxu.ts';
import { describeFoca, describeShoal } from './describe-swim.ts';
import { describeAs, type PacketDescription, type PacketFamily } from './description.ts';

/** What {@link describePacket} may be told. */
export interface DescribePacketOptions {
  /** What the bytes are. Default: the first family that reads all of them. */
  readonly family?: PacketFamily;
  /**
   * The identity type of a foca cluster, given the format's combinators. Default:
   * `{ addr: SocketAddr, bump: u64 }`.
   */
  readonly focaIdentity?: (format: SerdeFormat) => Codec<unknown>;
}

/** In this order they are tried: those that tell themselves best come first. */
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
 * Any packet as a tree of names, offsets and values, for people and for tools. Frames are
 * described without their length prefix. Never throws for what is in `bytes`: a description
 * of bad bytes holds what could be read and the `error` that ended it.
 *
 * Without a `family` it is guessed. Small packets can be more than one thing; say what they are
 * where you know it.
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
