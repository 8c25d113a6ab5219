import fc from 'fast-check';
import type { NodeState, PacketMessage, StreamMessage } from '../src/messages/message.ts';

// Arbitrary values for the tests of this package.

export const u8: fc.Arbitrary<number> = fc.nat(0xff);
export const u16: fc.Arbitrary<number> = fc.nat(0xffff);
export const u32: fc.Arbitrary<number> = fc.nat(0xffff_ffff);
export const u64: fc.Arbitrary<bigint> = fc.bigInt(0n, 2n ** 64n - 1n);
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme-composite', maxLength: 40 }),
  fc.constantFrom('', 'a', 'node-1.example', 'é'.repeat(16), 'x'.repeat(300)),
);
export const bytes: fc.Arbitrary<Uint8Array | undefined> = fc.option(
  fc.uint8Array({ maxLength: 300 }),
  { nil: undefined },
);
/** A field that Go leaves out when it is empty reads as undefined. */
const optionalBytes = fc.option(fc.uint8Array({ minLength: 1, maxLength: 16 }), {
  nil: undefined,
});

const ping = fc.record({
  type: fc.constant('ping' as const),
  node: text,
  seqNo: u32,
  sourceAddress: optionalBytes,
  sourceNode: text,
  sourcePort: u16,
});

const ack = fc.record({ type: fc.constant('ack' as const), payload: bytes, seqNo: u32 });

const user = fc.record({
  type: fc.constant('user' as const),
  payload: fc.uint8Array({ maxLength: 300 }),
});

export const packetMessage: fc.Arbitrary<PacketMessage> = fc.oneof(
  ping,
  ack,
  user,
  fc.record({
    type: fc.constant('indirectPing' as const),
    nack: fc.boolean(),
    node: text,
    port: u16,
    seqNo: u32,
    sourceAddress: optionalBytes,
    sourceNode: text,
    sourcePort: u16,
    target: bytes,
  }),
  fc.record({ type: fc.constant('nack' as const), seqNo: u32 }),
  fc.record({
    type: fc.constantFrom('suspect', 'dead'),
    from: text,
    incarnation: u32,
    node: text,
  }),
  fc.record({
    type: fc.constant('alive' as const),
    address: bytes,
    incarnation: u32,
    meta: bytes,
    node: text,
    port: u16,
    versions: bytes,
  }),
);

const nodeState: fc.Arbitrary<NodeState> = fc.record({
  address: bytes,
  incarnation: u32,
  meta: bytes,
  name: text,
  port: u16,
  state: fc.oneof(fc.nat(3), fc.maxSafeNat()),
  versions: bytes,
});

export const streamMessage: fc.Arbitrary<StreamMessage> = fc.oneof(
  ping,
  ack,
  user,
  fc.record({ type: fc.constant('error' as const), error: text }),
  fc.record({
    type: fc.constant('pushPull' as const),
    join: fc.boolean(),
    nodes: fc.array(nodeState, { maxLength: 20 }),
    userState: fc.uint8Array({ maxLength: 2000 }),
  }),
);
