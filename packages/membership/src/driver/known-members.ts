import type { KnownMembers } from '@shoal/transport';
import { type SwimCodec, WireError } from '@shoal/wire';
import { decodeHeader } from '@shoal/wire/internal';
import type { IdentityTraits } from '../members/identity.ts';
import type { Swim } from '../swim.ts';

/** What a transport may ask the machine that uses it. */
export function knownMembers<Id>(parts: {
  readonly swim: Swim<Id>;
  readonly codec: SwimCodec<Id>;
  readonly traits: IdentityTraits<Id>;
}): KnownMembers {
  const { swim, codec, traits } = parts;
  return {
    has: (address) => swim.memberAt(address) !== undefined,
    senderOf(bytes) {
      try {
        return traits.address(decodeHeader(codec, bytes).src);
      } catch (error) {
        if (error instanceof WireError) return undefined;
        throw error;
      }
    },
  };
}
