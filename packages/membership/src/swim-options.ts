import type { SwimCodec } from '@shoal/wire';
import type { SwimConfig } from './config.ts';
import type { BroadcastHandler } from './dissemination/broadcast-queue.ts';
import type { AddressBook } from './members/address-book.ts';
import type { IdentityTraits } from './members/identity.ts';

/** What a `Swim` is made of. */
export interface SwimOptions<Id> {
  /** Who we are, at first. */
  readonly identity: Id;
  readonly traits: IdentityTraits<Id>;
  /** The wire profile. The same in the whole cluster. */
  readonly codec: SwimCodec<Id>;
  readonly config: SwimConfig;
  /** Returns numbers of 0 (inclusive) to 1 (exclusive). The only source of chance. */
  readonly random: () => number;
  /** What is made of custom broadcasts. Without it they are refused. */
  readonly broadcasts?: BroadcastHandler<Id> | undefined;
  /** Shared by the machines of one process, it saves memory for each. Default: one of its own. */
  readonly addresses?: AddressBook<Id> | undefined;
}
