import type { Configuration, Voter } from '@shoal/consensus';
import type { NewEntry } from '@shoal/syncup';
import { ByteReader, ByteWriter, WireError } from '@shoal/wire';
import { readU64le, writeU64le } from '@shoal/wire/internal';
import { readId, readVoters, writeId, writeVoters } from '../messages/fields.ts';

/**
 * The type of the entries with which a leader marks the term of the entries after them, and says
 * who votes: a sync point that ends no transaction. Applications must not append this type, and
 * skip it when they read the log.
 */
export const TERM_ENTRY = 3;

/** The version of what follows the term. */
const VERSION = 1;

/** What a mark says about the log, and about the entries after it. */
export interface LogMark {
  readonly term: bigint;
  /** The random id of the log, and who votes from here on. Undefined in a log without voters. */
  readonly cluster: ClusterOfLog | undefined;
}

/** Which cluster a log belongs to. */
export interface ClusterOfLog {
  /** The random id that the first leader gave the log, as 32 hexadecimal digits. */
  readonly logId: string;
  readonly configuration: Configuration;
}

/**
 * The entry of a mark. Integers are little-endian:
 *
 * ```
 * mark := term:u64, [ version:u8 = 1, logId:16 bytes, count:u8, count × ( name:text8, storeId:16 bytes ) ]
 * ```
 */
export function markEntry({ term, cluster }: LogMark): NewEntry {
  const w = new ByteWriter({ capacity: 64 });
  writeU64le(w, term);
  if (cluster !== undefined) {
    w.u8(VERSION);
    writeId(w, cluster.logId);
    writeVoters(w, cluster.configuration);
  }
  return { type: TERM_ENTRY, payload: w.copy() };
}

/** The mark that an entry is; undefined if it is none. */
export function markOf({ type, payload }: NewEntry): LogMark | undefined {
  if (type !== TERM_ENTRY) return undefined;
  const r = new ByteReader(payload);
  try {
    const term = readU64le(r);
    if (r.remaining === 0) return { term, cluster: undefined };
    if (r.u8() !== VERSION) return undefined;
    const logId = readId(r);
    const configuration = readVoters(r);
    r.finish();
    return configuration && { term, cluster: { logId, configuration } };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** The names of voters, in the order in which a configuration has them. */
export function namesOf(configuration: Configuration | undefined): readonly string[] {
  return configuration?.voters.map(({ name }: Voter) => name) ?? [];
}
