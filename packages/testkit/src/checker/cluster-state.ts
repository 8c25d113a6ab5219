/** The history of a term: who led in it, with which log, and how far that was committed. */
export interface LedTerm {
  /** The number of the leader among the nodes. */
  readonly leader: number;
  readonly log: number;
  /** How many entries are committed, as far as the leader knows. */
  readonly commit: number;
}

/**
 * A whole cluster at a time, in numbers: those of its nodes' states, of the packets on their way, of
 * the longest log that anybody takes for committed and its term, and of what each term has seen.
 */
export interface ClusterState {
  readonly nodes: readonly number[];
  /** Ascending. */
  readonly packets: readonly number[];
  readonly committed: number;
  /** The highest term in which something was committed. */
  readonly committedIn: number;
  /** By term, from 1 on. */
  readonly led: readonly (LedTerm | undefined)[];
}

const BITS = 15;
const MASK = (1 << BITS) - 1;

/** A state as a short text, which no other state has. */
export function encodeState({ nodes, packets, committed, committedIn, led }: ClusterState): string {
  const codes: number[] = [];
  const push = (number: number): void => void codes.push(number & MASK, number >> BITS);
  for (const node of nodes) push(node);
  push(committed);
  push(committedIn);
  for (const term of led) {
    push(term === undefined ? 0 : term.leader + 1);
    push(term?.log ?? 0);
    push(term?.commit ?? 0);
  }
  for (const packet of packets) push(packet);
  return String.fromCharCode(...codes);
}

/** The state of a text that {@link encodeState} returned. */
export function decodeState(
  text: string,
  { nodes: count, terms }: { readonly nodes: number; readonly terms: number },
): ClusterState {
  let at = 0;
  const next = (): number => text.charCodeAt(at++) | (text.charCodeAt(at++) << BITS);
  const nodes = Array.from({ length: count }, next);
  const committed = next();
  const committedIn = next();
  const led = Array.from({ length: terms }, () => {
    const leader = next();
    const log = next();
    const commit = next();
    return leader === 0 ? undefined : { leader: leader - 1, log, commit };
  });
  const packets: number[] = [];
  while (at < text.length) packets.push(next());
  return { nodes, packets, committed, committedIn, led };
}
