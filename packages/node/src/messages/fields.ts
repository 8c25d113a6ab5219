import { type Configuration, configurationOf, type Position } from '@shoal/consensus';
import type { ByteReader, ByteWriter } from '@shoal/wire';
import { readU64le, writeU64le } from '@shoal/wire/internal';
import { MAX_NAME_BYTES } from '../members/node-metadata.ts';

/** How many voters a cluster has at most. */
export const MAX_VOTERS = 64;

const ID_BYTES = 16;

/** Writes 1..64 bytes of UTF-8 after their number. */
export function writeName(w: ByteWriter, name: string): void {
  const at = w.reserve(1);
  const length = w.text(name);
  if (length < 1 || length > MAX_NAME_BYTES) {
    w.fail('length', `a name of 1..${MAX_NAME_BYTES} bytes`);
  }
  w.bytes[at] = length;
}

export function readName(r: ByteReader): string {
  const at = r.offset;
  const length = r.u8();
  if (length < 1 || length > MAX_NAME_BYTES) {
    r.fail('length', `a name of 1..${MAX_NAME_BYTES} bytes`, at);
  }
  return r.text(length);
}

/** Writes an id of 32 hexadecimal digits as 16 bytes. */
export function writeId(w: ByteWriter, id: string): void {
  if (!/^[0-9a-f]{32}$/.test(id)) w.fail('range', 'an id of 32 hexadecimal digits');
  for (let i = 0; i < ID_BYTES; i++) w.u8(Number.parseInt(id.slice(2 * i, 2 * i + 2), 16));
}

export function readId(r: ByteReader): string {
  let id = '';
  for (let i = 0; i < ID_BYTES; i++) id += r.u8().toString(16).padStart(2, '0');
  return id;
}

/** Writes 1 and an id, or 0 if there is none. */
export function writeOptionalId(w: ByteWriter, id: string | undefined): void {
  w.u8(id === undefined ? 0 : 1);
  if (id !== undefined) writeId(w, id);
}

export function readOptionalId(r: ByteReader): string | undefined {
  return readFlag(r) ? readId(r) : undefined;
}

export function writeFlag(w: ByteWriter, flag: boolean): void {
  w.u8(flag ? 1 : 0);
}

export function readFlag(r: ByteReader): boolean {
  const flag = r.u8();
  if (flag > 1) r.fail('variant', '0 or 1', r.offset - 1);
  return flag === 1;
}

export function writePosition(w: ByteWriter, { term, index }: Position): void {
  writeU64le(w, term);
  writeU64le(w, index);
}

export function readPosition(r: ByteReader): Position {
  return { term: readU64le(r), index: readU64le(r) };
}

/** Writes the number of voters, then each name with its store; 0 if there is no configuration. */
export function writeVoters(w: ByteWriter, configuration: Configuration | undefined): void {
  const voters = configuration?.voters ?? [];
  writeCount(w, voters.length);
  for (const { name, storeId } of voters) {
    writeName(w, name);
    writeId(w, storeId);
  }
}

/** Undefined if there are none. */
export function readVoters(r: ByteReader): Configuration | undefined {
  const at = r.offset;
  const voters = Array.from({ length: readCount(r) }, () => ({
    name: readName(r),
    storeId: readId(r),
  }));
  const isSorted = voters.every(({ name }, i) => i === 0 || voters[i - 1]!.name < name);
  if (!isSorted) r.fail('variant', 'each voter once, in the order of their names', at);
  return voters.length === 0 ? undefined : configurationOf(voters);
}

/** Writes the number of names, then each of them; 0 if there is no list. */
export function writeNames(w: ByteWriter, names: readonly string[] | undefined): void {
  writeCount(w, names?.length ?? 0);
  for (const name of names ?? []) writeName(w, name);
}

/** Undefined if there are none. */
export function readNames(r: ByteReader): readonly string[] | undefined {
  const at = r.offset;
  const names = Array.from({ length: readCount(r) }, () => readName(r));
  if (new Set(names).size < names.length) r.fail('variant', 'each name once', at);
  return names.length === 0 ? undefined : names;
}

function writeCount(w: ByteWriter, count: number): void {
  if (count > MAX_VOTERS) w.fail('range', `at most ${MAX_VOTERS} voters, not ${count}`);
  w.u8(count);
}

function readCount(r: ByteReader): number {
  const count = r.u8();
  if (count > MAX_VOTERS) r.fail('length', `at most ${MAX_VOTERS} voters`, r.offset - 1);
  return count;
}
