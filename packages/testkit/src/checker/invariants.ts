import type { ClusterState } from './cluster-state.ts';
import type { LogTrie } from './log-trie.ts';
import type { NodeState, NodeStep } from './node-model.ts';

/** A step that is to be judged. */
export interface JudgedStep {
  readonly trie: LogTrie;
  /** The states of all nodes after it. */
  readonly states: readonly NodeState[];
  /** The number of the node that did something. */
  readonly changed: number;
  readonly before: ClusterState;
  readonly led: NodeStep['led'];
  /** The logs that the node takes for committed since. */
  readonly committed: readonly number[];
}

/** What is committed after a step, and the invariant that it breaks, if any. */
export interface Judgement {
  readonly committed: number;
  readonly committedIn: number;
  readonly violation: string | undefined;
}

/**
 * Judges a step:
 *
 * - one leader a term;
 * - leader completeness: a leader's log begins with all that was committed in terms before its own;
 * - one committed entry at an index, on whichever node; whole batches only;
 * - log matching: logs that end at the same index of the same term are equal.
 */
export function violationOf(step: JudgedStep): Judgement {
  const { trie, states, changed, before, led } = step;
  let { committed, committedIn } = before;
  const end = (violation?: string): Judgement => ({ committed, committedIn, violation });
  if (led !== undefined) {
    const wrong = wrongLeader(step);
    if (wrong !== undefined) return end(wrong);
  }
  const node = states[changed]!;
  const { phase } = node.core;
  for (const log of step.committed) {
    if (trie.isPrefix(committed, log)) committed = log;
    else if (!trie.isPrefix(log, committed)) {
      return end(`two logs are committed: ${trie.show(log)} and ${trie.show(committed)}`);
    }
    if (!trie.isWhole(log)) return end(`half a batch is committed: ${trie.show(log)}`);
    if (phase.type !== 'leading') continue;
    committedIn = Math.max(committedIn, Number(phase.term));
    for (const [t, later] of before.led.entries()) {
      if (BigInt(t + 1) <= phase.term || later === undefined) continue;
      if (trie.isPrefix(log, later.log)) continue;
      const text = `the leader of term ${t + 1} has ${trie.show(later.log)}`;
      return end(`${text}, but ${trie.show(log)} is committed in term ${phase.term}`);
    }
  }
  return end(mismatch(trie, states, changed));
}

function wrongLeader({ trie, changed, before, led }: JudgedStep): string | undefined {
  const { term, log } = led!;
  const other = before.led[Number(term) - 1];
  if (other !== undefined) return `term ${term} has a second leader`;
  if (before.committedIn >= term || trie.isPrefix(before.committed, log)) return undefined;
  const text = `node ${changed} leads in term ${term} with ${trie.show(log)}`;
  return `${text}, but ${trie.show(before.committed)} is committed`;
}

function mismatch(
  trie: LogTrie,
  states: readonly NodeState[],
  changed: number,
): string | undefined {
  const { log } = states[changed]!;
  const { term, length } = trie.get(log);
  for (const other of states) {
    const at = trie.prefix(other.log, length);
    const found = trie.get(at);
    if (at === log || found.length !== length || found.term !== term) continue;
    return `two logs differ at index ${length} of term ${term}: ${trie.show(log)} and ${trie.show(at)}`;
  }
  return undefined;
}
