import type { Connection, DatagramTransport, StreamTransport } from '@shoal/transport';
import { encodeFrame } from '@shoal/wire';

/** How much of the traffic is kept. */
const MOST_DATAGRAMS = 2000;
const MOST_STREAMS = 400;
const MOST_FRAMES = 50;

/** What nodes have sent: datagrams, and the frames that dialers have sent on each stream. */
export class CapturedTraffic {
  readonly datagrams: Uint8Array[] = [];
  readonly streams: Uint8Array[][] = [];

  /** Keeps what is sent over a transport. */
  ofDatagrams(transport: DatagramTransport): DatagramTransport {
    const { send } = transport;
    transport.send = (to, bytes) => {
      if (this.datagrams.length < MOST_DATAGRAMS) this.datagrams.push(bytes.slice());
      return send.call(transport, to, bytes);
    };
    return transport;
  }

  /** Keeps what dialers send over a transport. */
  ofStreams(transport: StreamTransport): StreamTransport {
    return {
      listen: (address, options) => transport.listen(address, options),
      dial: async (address, options) => this.#tap(await transport.dial(address, options)),
    };
  }

  #tap(connection: Connection): Connection {
    const frames: Uint8Array[] = [];
    if (this.streams.length < MOST_STREAMS) this.streams.push(frames);
    const { send } = connection;
    connection.send = (frame) => {
      if (frames.length < MOST_FRAMES) frames.push(encodeFrame(frame.slice()));
      return send.call(connection, frame);
    };
    return connection;
  }
}

/** Changes bytes in the ways that damage, mistakes and attackers do. */
export class Mutator {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Any whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** A changed copy. Now and then it is not changed at all: a replay. */
  bytes(original: Uint8Array): Uint8Array {
    const copy = original.slice();
    switch (this.below(8)) {
      case 0:
        return copy;
      case 1:
        return copy.slice(0, this.below(copy.length + 1));
      case 2:
        return Uint8Array.of(...copy, ...copy.slice(this.below(copy.length)));
      case 3: {
        const value = this.pick([0, 1, 0x7f, 0x80, 0xff]);
        return copy.fill(value, this.below(copy.length), this.below(copy.length));
      }
      default:
        for (let i = this.below(4); i >= 0; i--) {
          if (copy.length > 0) copy[this.below(copy.length)]! ^= 1 << this.below(8);
        }
        return copy;
    }
  }

  /** The frames of a stream, some of them changed, left out, repeated or in another order. */
  frames(original: readonly Uint8Array[]): Uint8Array {
    const frames = original.slice(0, 1 + this.below(original.length));
    const at = this.below(frames.length);
    const other = this.below(frames.length);
    const kind = this.below(6);
    if (kind === 0) frames.splice(at, 1);
    else if (kind === 1) frames.splice(at, 0, frames[other]!);
    else if (kind === 2) [frames[at], frames[other]] = [frames[other]!, frames[at]!];
    else frames[at] = this.bytes(frames[at]!);
    return Buffer.concat(frames);
  }
}
