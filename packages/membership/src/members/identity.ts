import type { NodeIdentity } from '@shoal/wire';
import { MAX_GENERATION } from '@shoal/wire/internal';

/**
 * What the protocol must know about a kind of identity. All functions are pure; each is called
 * often and must be quick.
 */
export interface IdentityTraits<Id> {
  /** Where it is reached, unique in the cluster. One member is kept for each address. */
  address(id: Id): string;
  /** Whether both are the same identity. Metadata, which follows from it, need not be compared. */
  equals(a: Id, b: Id): boolean;
  /**
   * Of two identities with one address that are not equal: whether `a` replaces `b`. Must be
   * a strict order, the same on every node.
   */
  wins(a: Id, b: Id): boolean;
  /**
   * An identity at the same address that wins over `id`, and over `rival` if there is one;
   * undefined if there is none, and the node cannot come back once it is held to be down.
   */
  renew(id: Id, rival?: Id): Id | undefined;
}

/** How {@link NodeIdentity} behaves: the higher generation wins, renewing raises it. */
export const nodeTraits: IdentityTraits<NodeIdentity> = {
  address: (id) => id.address,
  equals: (a, b) => a.generation === b.generation && a.address === b.address,
  wins: (a, b) => a.generation > b.generation,
  renew: (id, rival) => nextGeneration(id, id.metadata, rival),
};

/**
 * The same node with other metadata, 0..512 bytes, under the next generation, to be handed to
 * {@link Swim.updateIdentity}. Throws a RangeError once the generations are used up.
 */
export function withMetadata(id: NodeIdentity, metadata: Uint8Array): NodeIdentity {
  const next = nextGeneration(id, metadata, undefined);
  if (next === undefined) throw new RangeError('no generation is left for this address');
  return next;
}

/** Of generations, which are milliseconds: more would shut out a node that starts again soon. */
const MAX_GAP = 1024;

function nextGeneration(
  id: NodeIdentity,
  metadata: Uint8Array,
  rival: NodeIdentity | undefined,
): NodeIdentity | undefined {
  const highest = Math.max(id.generation, rival?.generation ?? 0);
  if (highest >= MAX_GENERATION) return undefined;
  // A higher generation of our address is an earlier life of ours, from before the clock was set
  // back. It may have gone on past `rival`, to identities with other metadata, which would be
  // taken for ours if we took the next number: so leave a gap that is our own.
  const gap = highest > id.generation ? id.generation % MAX_GAP : 0;
  const generation = Math.min(highest + 1 + gap, MAX_GENERATION);
  return { address: id.address, generation, metadata };
}
