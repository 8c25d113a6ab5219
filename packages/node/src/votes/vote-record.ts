import type { LogNotes } from '@shoal/syncup';
import { ByteReader, ByteWriter, WireError } from '@shoal/wire';
import { readU64le, writeU64le } from '@shoal/wire/internal';
import { higher } from '../bigint.ts';
import { NodeError } from '../errors.ts';
import { readId, writeId } from '../messages/fields.ts';
import { formatTerm } from './term.ts';

/** The note of the log that holds the record. */
const NOTE = 'vote';
const VERSION = 1;

/** What a voter must not forget. */
export interface Vote {
  /** The random id that was made with the log, as 32 hexadecimal digits. */
  readonly storeId: string;
  /** The highest term in which this node has voted. */
  readonly term: bigint;
}

/** What {@link VoteRecord.open} works with. */
export interface VoteRecordOptions {
  readonly notes: LogNotes;
  /** The term of the last entry in the log. */
  readonly logTerm: bigint;
  /** Makes a random id of 32 hexadecimal digits. */
  readonly newId: () => string;
}

/** The vote of this node, in the notes of its log: whatever the log survives, the vote survives. */
export class VoteRecord {
  readonly storeId: string;
  readonly #notes: LogNotes;
  #term: bigint;

  private constructor(notes: LogNotes, { storeId, term }: Vote) {
    this.#notes = notes;
    this.storeId = storeId;
    this.#term = term;
  }

  /**
   * Reads the record, or makes one for a new log. Rejects with `corrupt` if the log holds entries of
   * a later term than the vote, with `version` if a later release wrote it, or with the log's error.
   */
  static async open({ notes, logTerm, newId }: VoteRecordOptions): Promise<VoteRecord> {
    const bytes = await notes.get(NOTE);
    const vote = bytes && decodeVote(bytes);
    if ((vote?.term ?? 0n) < logTerm) {
      const found = vote === undefined ? 'no vote' : `a vote in term ${formatTerm(vote.term)}`;
      const text = `the log holds entries of term ${formatTerm(logTerm)}, but ${found}`;
      throw corrupt(text);
    }
    if (vote !== undefined) return new VoteRecord(notes, vote);
    const first = { storeId: newId(), term: 0n };
    await notes.set(NOTE, encodeVote(first));
    return new VoteRecord(notes, first);
  }

  /** The highest term in which this node has voted, by what is on stable storage. */
  get term(): bigint {
    return this.#term;
  }

  /**
   * Puts a term on stable storage, unless a higher one is there. Rejects with the log's error. Call
   * it once the call before has ended.
   */
  async store(term: bigint): Promise<void> {
    if (term <= this.#term) return;
    await this.#notes.set(NOTE, encodeVote({ storeId: this.storeId, term }));
    this.#term = higher(term, this.#term);
  }

  /** Goes back to a lower term. See `resetVote`. */
  async reset(term: bigint): Promise<void> {
    await this.#notes.set(NOTE, encodeVote({ storeId: this.storeId, term }));
    this.#term = term;
  }
}

/** `version:u8 = 1, storeId:16 bytes, term:u64`, little-endian. The log adds a checksum. */
export function encodeVote({ storeId, term }: Vote): Uint8Array {
  const w = new ByteWriter({ capacity: 25 });
  w.u8(VERSION);
  writeId(w, storeId);
  writeU64le(w, term);
  return w.copy();
}

/** Throws `corrupt`, or `version` for what a later release wrote. */
export function decodeVote(bytes: Uint8Array): Vote {
  const r = new ByteReader(bytes);
  try {
    const version = r.u8();
    if (version > VERSION) {
      const text = `the vote has version ${version}, and this release reads version ${VERSION}`;
      throw new NodeError('version', `${text}: use the release that wrote it, or a later one`);
    }
    const vote = { storeId: readId(r), term: readU64le(r) };
    r.finish();
    return vote;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw corrupt('the vote is damaged');
  }
}

function corrupt(text: string): NodeError {
  const remedy = 'remove this voter, and add it again with an empty directory';
  return new NodeError('corrupt', `${text}: ${remedy}`);
}
