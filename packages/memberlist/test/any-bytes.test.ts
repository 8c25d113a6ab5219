import { WireError } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeMemberlistPacket } from '../src/describe/describe-memberlist.ts';
import { encodeMessage } from '../src/messages/message-codec.ts';
import { decodeMemberlistPacket } from '../src/packets/packet.ts';
import { Seal } from '../src/seal/seal.ts';
import { decodeSerfMessage, encodeSerfMessage } from '../src/serf/serf-codec.ts';
import { encodeMemberlistStream } from '../src/streams/stream.ts';
import { MemberlistStreamDecoder } from '../src/streams/stream-decoder.ts';
import { fromHex, readVectors } from './vectors.test-helper.ts';
import { codeOf } from './wire-error.test-helper.ts';

// Whatever the bytes, a decoder returns something or throws a WireError. What it returns can be sent.

const seal = new Seal();
const clear = readVectors('0.7.0').filter(({ keys, label }) => !keys && label === undefined);
const packets = clear.filter(({ kind }) => kind === 'packet').map(({ hex }) => fromHex(hex));
const streams = clear.filter(({ kind }) => kind === 'stream').map(({ hex }) => fromHex(hex));

/** Bytes of real members with some changed, or cut off. */
function mutated(originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(fc.nat(2000), fc.nat(255));
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(edit, { maxLength: 6 }), fc.nat(2000))
    .map(([original, edits, cut]) => {
      const bytes = original.slice();
      for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
      return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
    });
}

function anyOf(originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc.oneof(mutated(originals), fc.uint8Array({ maxLength: 200 }));
}

describe('any bytes', () => {
  it('as a packet are read, or reported', () => {
    fc.assert(
      fc.property(anyOf(packets), (bytes) => {
        codeOf(() => {
          const { messages, errors } = decodeMemberlistPacket(bytes, { seal });
          for (const error of errors) expect(error).toBeInstanceOf(WireError);
          for (const message of messages) {
            encodeMessage(message);
            if (message.type !== 'user') continue;
            codeOf(() => encodeSerfMessage(decodeSerfMessage(message.payload)));
          }
        });
        for (const { description } of describeMemberlistPacket(bytes)) description.error?.code;
      }),
      { numRuns: 2000 },
    );
  });

  it('as a stream are read, refused, or waited for', () => {
    fc.assert(
      fc.property(anyOf(streams), fc.nat(50), (bytes, size) => {
        const decoder = new MemberlistStreamDecoder({ seal, from: 'dialer', maxLength: 100_000 });
        codeOf(() => {
          for (let at = 0; at < bytes.length; at += 1 + size) {
            const message = decoder.push(bytes.subarray(at, at + 1 + size));
            if (message) encodeMemberlistStream(message, { seal, from: 'dialer' });
          }
          decoder.finish();
        });
        describeMemberlistPacket(bytes, { stream: true });
      }),
      { numRuns: 1000 },
    );
  });
});
