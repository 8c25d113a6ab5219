import { type Member, type NodeIdentity, shoalCodec } from '@shoal/wire';
import { labelTag } from '@shoal/wire/internal';
import { lan } from '../config.ts';
import { takesPart } from '../context.ts';
import { nodeTraits } from '../identity.ts';
import { sift } from '../sift.ts';
import { Joiner } from './joiner.ts';
import { Membership } from './membership.ts';
import type { CustomMembershipOptions, MembershipOptions } from './options.ts';
import { Streams, type StreamsHost } from './streams.ts';

const DEFAULT_LABEL = 'shoal';

/**
 * Makes us a member, over `transport`: joins at the seeds, with Shoal's own protocol or another
 * wire, and keeps trying. Throws, with nothing begun: a `SwimError` with code `config`,
 * or `identity` when it cannot be sent.
 */
export function startMembership(options: MembershipOptions): Membership<NodeIdentity>;
export function startMembership<Id>(options: CustomMembershipOptions<Id>): Membership<Id>;
export function startMembership(
  options: MembershipOptions | CustomMembershipOptions<unknown>,
): Membership<NodeIdentity> | Membership<unknown> {
  return 'codec' in options ? start(options, (seed) => seed) : startNode(options);
}

function startNode(options: MembershipOptions): Membership<NodeIdentity> {
  const identity: NodeIdentity = {
    address: options.transport.localAddress,
    generation: Date.now(),
    metadata: new Uint8Array(0),
    ...options.identity,
  };
  const codec = shoalCodec({ label: options.label ?? DEFAULT_LABEL });
  // Of a seed only the address matters: see `Swim.announce`.
  return start({ ...options, identity, codec, traits: nodeTraits }, (address: string) => ({
    address,
    generation: 0,
    metadata: new Uint8Array(0),
  }));
}

function start<Id, Seed>(
  options: Omit<CustomMembershipOptions<Id>, 'seeds'> & {
    readonly seeds?: readonly Seed[] | (() => readonly Seed[] | Promise<readonly Seed[]>);
  },
  identityOf: (seed: Seed) => Id,
): Membership<Id> {
  const { transport, identity, traits, codec, broadcasts, signal, streams, seeds = [] } = options;
  const random = options.random ?? Math.random;
  const wanted = options.config ?? lan();
  const maxPacketSize = Math.min(wanted.maxPacketSize, transport.maxDatagramSize);
  const config = { ...wanted, maxPacketSize };
  const hostOf = (membership: Membership<Id>): StreamsHost<Id> => ({
    codec,
    random,
    label: labelTag(options.label ?? DEFAULT_LABEL),
    maxMembers: config.maxMembers,
    localAddress: transport.localAddress,
    addressOf: (id) => traits.address(id),
    get size() {
      return membership.stats().active;
    },
    digest: () => BigInt(`0x${membership.digest()}`),
    self() {
      const { identity: id, incarnation } = membership;
      return takesPart(membership) ? { id, incarnation, state: 'alive' } : undefined;
    },
    others: () => membership.membershipState(),
    members: () => membership.members(),
    merge(members) {
      const known = (address: string): Member<Id> | undefined => membership.memberAt(address);
      const ownAddress = traits.address(membership.identity);
      const { news, past } = sift(members, known, traits, ownAddress);
      membership.applyMany(news);
      membership.applyMany(past, { broadcast: false });
    },
    report: (event) => membership.report(event),
  });
  return new Membership({
    swim: { identity, traits, codec, config, random, broadcasts },
    transport,
    signal,
    joiner: (membership) =>
      new Joiner<Seed>({
        seeds: typeof seeds === 'function' ? seeds : () => seeds,
        retry: options.joinRetry ?? {},
        random,
        isActive: () => membership.state === 'active',
        isKnown: (seed) => {
          const address = traits.address(identityOf(seed));
          const state = membership.memberAt(address)?.state;
          const own = address === traits.address(membership.identity);
          return own || state === 'alive' || state === 'suspect';
        },
        announce: (seed) => {
          const id = identityOf(seed);
          membership.announce(id);
          void membership.exchange(id);
        },
        failed: (error) => membership.report({ type: 'joinFailed', error }),
      }) as Joiner<unknown>,
    streams: streams && ((membership) => new Streams(streams, hostOf(membership))),
  });
}
