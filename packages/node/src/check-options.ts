import { NodeError } from './errors.ts';
import { MAX_VOTERS } from './messages/fields.ts';
import type { PortableNodeOptions } from './options.ts';

/** Throws `argument` for options that do not fit together. */
export function checkOptions(options: PortableNodeOptions): void {
  const { name, log, voters = [], leadership, streams, label } = options;
  const bytes = label === undefined ? 1 : new TextEncoder().encode(label).length;
  check(bytes >= 1 && bytes <= 255, `label must be 1..255 bytes of UTF-8, not ${bytes}`);
  const unique = new Set(voters).size === voters.length;
  check(unique && !voters.includes(''), 'voter names must be unique and not empty');
  check(voters.length <= MAX_VOTERS, `at most ${MAX_VOTERS} nodes can vote, not ${voters.length}`);
  if (log !== undefined) {
    check(streams !== undefined, 'a node with a log needs streams');
    const chained = `the log of ${name} must have chained fingerprints`;
    const notes = `the log of ${name} must have notes, which keep the vote of this node`;
    check(log.notes !== undefined, `${notes}: see LogStore`);
    check(log.chained, `${chained}, not those of Noxu`);
  }
  if (leadership !== undefined) {
    check(log !== undefined, 'a node with a leadership needs a log');
  }
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new NodeError('argument', message);
}
