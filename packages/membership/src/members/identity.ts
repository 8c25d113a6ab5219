import type { NodeIdentity } from '@shoal/wire';
import { MAX_GENERATION } from '@shoal/wire/internal';

/**
 * What the protocol needs to know about a kind of identity. The functions are pure. They are
 * called often and must be fast.
 */
export interface IdentityTraits<Id> {
  /** The address that it is reached at, unique in the cluster. Each address has one member. */
  address(id: Id): string;
  /** Whether two identities are the same. Metadata depends on the identity: do not compare it. */
  equals(a: Id, b: Id): boolean;
  /**
   * Whether `a` replaces `b`, which has the same address and is not equal. Must be a strict order,
   * the same on every node.
   */
  wins(a: Id, b: Id): boolean;
  /**
   * Returns an identity at the same address that wins over `id`, and over `rival` if there is one.
   * Returns undefined if there is none; the node then cannot come back once it is declared down.
   */
  renew(id: Id, rival?: Id): Id | undefined;
  /**
   * Whether an identity may exist. Packets from one that may not are refused, and updates about it
   * are ignored: without a limit, one made-up identity could win over a node for good. May depend
   * on the time. Default: all may.
   */
  isPossible?(id: Id): boolean;
}

/** Traits of {@link NodeIdentity}: the higher generation wins, and renewing raises it. */
export const nodeTraits: IdentityTraits<NodeIdentity> = {
  address: (id) => id.address,
  equals: (a, b) => a.generation === b.generation && a.address === b.address,
  wins: (a, b) => a.generation > b.generation,
  renew: (id, rival) => nextGeneration(id, id.metadata, rival),
};

/** Options of {@link boundedTraits}. */
export interface GenerationBound {
  /** Returns the time in ms since 1970. */
  readonly now: () => number;
  /** How far a generation may be ahead of it, in ms. Default one day. */
  readonly maxLead?: number | undefined;
}

const ONE_DAY = 24 * 60 * 60 * 1000;

/**
 * {@link nodeTraits}, with generations from too far in the future refused. For nodes whose
 * generations begin with the milliseconds since 1970, as in the driver.
 */
export function boundedTraits({
  now,
  maxLead = ONE_DAY,
}: GenerationBound): IdentityTraits<NodeIdentity> {
  return { ...nodeTraits, isPossible: ({ generation }) => generation <= now() + maxLead };
}

/**
 * Returns the same node with other metadata, 0..512 bytes, under the next generation, for
 * {@link Swim.updateIdentity}. Throws a RangeError once the generations are used up.
 */
export function withMetadata(id: NodeIdentity, metadata: Uint8Array): NodeIdentity {
  const next = nextGeneration(id, metadata, undefined);
  if (next === undefined) throw new RangeError(`no generation is left for ${id.address}`);
  return next;
}

/** In generations, which are ms: a larger gap would shut out a node that restarts soon. */
const MAX_GAP = 1024;

function nextGeneration(
  id: NodeIdentity,
  metadata: Uint8Array,
  rival: NodeIdentity | undefined,
): NodeIdentity | undefined {
  const highest = Math.max(id.generation, rival?.generation ?? 0);
  if (highest >= MAX_GENERATION) return undefined;
  // A higher generation at this address is an earlier life of this node, from before its clock was
  // set back. It may have gone on past `rival` to identities with other metadata. With the next
  // number this node could be mistaken for one of them, so it leaves a gap of its own size.
  const gap = highest > id.generation ? id.generation % MAX_GAP : 0;
  const generation = Math.min(highest + 1 + gap, MAX_GENERATION);
  return { address: id.address, generation, metadata };
}
