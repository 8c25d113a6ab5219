import fc from 'fast-check';
import type { NodeIdentity } from '../src/shoal/node-identity.ts';
import type { Header, Member, Message } from '../src/swim/message.ts';

// Arbitrary values for the tests of this package.

export const socketAddressText: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(fc.ipV4(), fc.constantFrom('[::1]', '[2001:db8::7]', '[::ffff:10.0.0.1]')),
    fc.nat(65_535),
  )
  .map(([ip, port]) => `${ip}:${port}`);

export interface FocaIdentity {
  addr: string;
  bump: bigint;
}

export const focaIdentity: fc.Arbitrary<FocaIdentity> = fc.record(
  { addr: socketAddressText, bump: fc.bigInt(0n, 2n ** 64n - 1n) },
  { noNullPrototype: true },
);

export const nodeIdentityValue: fc.Arbitrary<NodeIdentity> = fc.record(
  {
    address: fc.oneof(
      socketAddressText,
      fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
        .filter((text) => text.isWellFormed()),
    ),
    generation: fc.nat(2 ** 48 - 1),
    metadata: fc.uint8Array({ maxLength: 40 }),
  },
  { noNullPrototype: true },
);

export interface Limits {
  incarnation: number;
  probeNumber: number;
  lifeguard: boolean;
}

export const FOCA_LIMITS: Limits = { incarnation: 0xffff, probeNumber: 0xff, lifeguard: false };
export const SHOAL_LIMITS: Limits = {
  incarnation: 0xffff_ffff,
  probeNumber: 0xffff_ffff,
  lifeguard: true,
};

function messages<Id>(reference: fc.Arbitrary<Id>, limits: Limits): fc.Arbitrary<Message<Id>> {
  const probeNumber = fc.nat(limits.probeNumber);
  const kinds: fc.Arbitrary<Message<Id>>[] = [
    fc.record({ type: fc.constantFrom('ping', 'ack'), probeNumber }, { noNullPrototype: true }),
    fc.record(
      { type: fc.constantFrom('pingReq', 'indirectAck'), target: reference, probeNumber },
      { noNullPrototype: true },
    ),
    fc.record(
      { type: fc.constantFrom('indirectPing', 'forwardedAck'), origin: reference, probeNumber },
      { noNullPrototype: true },
    ),
    fc.record(
      { type: fc.constantFrom('announce', 'feed', 'gossip', 'broadcast', 'turnUndead') },
      { noNullPrototype: true },
    ),
  ];
  if (limits.lifeguard) {
    kinds.push(
      fc.record(
        { type: fc.constant('nack' as const), target: reference, probeNumber },
        { noNullPrototype: true },
      ),
    );
  }
  return fc.oneof(...kinds);
}

export function headers<Id>(
  identity: fc.Arbitrary<Id>,
  reference: fc.Arbitrary<Id>,
  limits: Limits,
): fc.Arbitrary<Header<Id>> {
  return fc.record(
    {
      src: identity,
      srcIncarnation: fc.nat(limits.incarnation),
      dst: reference,
      message: messages(reference, limits),
    },
    { noNullPrototype: true },
  );
}

export function members<Id>(identity: fc.Arbitrary<Id>, limits: Limits): fc.Arbitrary<Member<Id>> {
  const incarnation = fc.nat(limits.incarnation);
  const plain: fc.Arbitrary<Member<Id>> = fc.record(
    { id: identity, incarnation, state: fc.constantFrom('alive', 'suspect', 'down') },
    { noNullPrototype: true },
  );
  if (!limits.lifeguard) return plain;
  return fc.oneof(
    plain,
    fc.record(
      {
        id: identity,
        incarnation,
        state: fc.constant('suspect' as const),
        suspector: socketAddressText,
      },
      { noNullPrototype: true },
    ),
    fc.record(
      { id: identity, incarnation, state: fc.constant('down' as const), left: fc.constant(true) },
      { noNullPrototype: true },
    ),
  );
}

/** Some bytes changed, removed or inserted, as a faulty network or a hostile peer would do. */
export function mutated(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.array(fc.tuple(fc.nat(Math.max(0, bytes.length - 1)), fc.nat(255)), { maxLength: 4 }),
      fc.nat(bytes.length),
      fc.boolean(),
      fc.uint8Array({ maxLength: 4 }),
    )
    .map(([edits, cut, keep, extra]) => {
      const copy = Uint8Array.from([...(keep ? bytes : bytes.subarray(0, cut)), ...extra]);
      for (const [at, value] of edits) if (at < copy.length) copy[at] = value;
      return copy;
    });
}
