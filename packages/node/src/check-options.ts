import { NodeError } from './errors.ts';
import type { PortableNodeOptions } from './options.ts';

/** Throws `argument` for options that do not fit together. */
export function checkOptions(options: PortableNodeOptions): void {
  const { name, log, voters = [], leadership, streams, label } = options;
  const bytes = label === undefined ? 1 : new TextEncoder().encode(label).length;
  check(bytes >= 1 && bytes <= 255, `label must be 1..255 bytes of UTF-8, not ${bytes}`);
  const unique = new Set(voters).size === voters.length;
  check(unique && !voters.includes(''), 'voter names must be unique and not empty');
  if (log !== undefined) {
    check(streams !== undefined, 'a node with a log needs streams');
    const chained = `the log of ${name} must have chained fingerprints`;
    check(log.chained, `${chained}, not those of Noxu`);
  }
  if (leadership !== undefined) {
    check(log !== undefined, 'a node with a leadership needs a log');
    check(voters.length > 0, 'a node with a leadership needs voters');
  }
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new NodeError('argument', message);
}
