import type { Member, SwimCodec } from '@shoal/wire';
import type { SwimConfig } from './config.ts';
import type { BroadcastHandler } from './dissemination/broadcast-queue.ts';
import type { AddressBook } from './members/address-book.ts';
import type { IdentityTraits } from './members/identity.ts';

/** Options of a `Swim`. */
export interface SwimOptions<Id> {
  /** The first identity of this member. */
  readonly identity: Id;
  readonly traits: IdentityTraits<Id>;
  /** The wire format, the same in the whole cluster. */
  readonly codec: SwimCodec<Id>;
  readonly config: SwimConfig;
  /** Returns numbers from 0 (inclusive) to 1 (exclusive). The only source of randomness. */
  readonly random: () => number;
  /** Handles custom broadcasts. Default: none, and broadcasts are refused. */
  readonly broadcasts?: BroadcastHandler<Id> | undefined;
  /**
   * Whether to take in a member that is not known yet. It is asked again whenever the member is heard
   * of. Must be fast, and not call the machine. Default: all are taken in. Source: memberlist's
   * AliveDelegate.
   */
  readonly admit?: ((member: Member<Id>) => boolean) | undefined;
  /** Machines of one process may share a book to save memory. Default: a book of its own. */
  readonly addresses?: AddressBook<Id> | undefined;
}
