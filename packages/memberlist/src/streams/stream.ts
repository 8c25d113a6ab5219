import type { StreamMessage } from '../messages/message.ts';
import { compress } from '../packets/compression.ts';
import type { Seal } from '../seal/seal.ts';
import { encodeStreamBody } from './stream-body.ts';

/** Who opened the stream, or who accepted it. */
export type StreamSide = 'dialer' | 'acceptor';

/** How to send a message on a stream. */
export interface EncodeStreamOptions {
  /** That of the cluster. */
  readonly seal: Seal;
  /** Which side sends it. Only the dialer sends the label. */
  readonly from: StreamSide;
  /** Whether to compress it, even if that makes it longer, as memberlist does. Default false. */
  readonly compress?: boolean | undefined;
}

/**
 * All that one side of a stream sends: the label, then one message.
 *
 * Throws a `WireError` with code `range` for a number outside its range, or `utf8` for text with a
 * lone surrogate.
 */
export function encodeMemberlistStream(
  message: StreamMessage,
  { seal, from, compress: compressed = false }: EncodeStreamOptions,
): Uint8Array {
  const body = encodeStreamBody(message);
  const sealed = seal.sealStream(compressed ? compress(body) : body);
  const label = from === 'dialer' ? seal.labelHeader : new Uint8Array(0);
  const bytes = new Uint8Array(label.length + sealed.length);
  bytes.set(label);
  bytes.set(sealed, label.length);
  return bytes;
}
