import { ByteReader } from '../bytes/reader.ts';
import { WireError, type WireErrorCode } from '../errors.ts';

/** The kinds of bytes that can be described. */
export type PacketFamily =
  /** A packet of foca, in postcard or bincode. */
  | 'foca+postcard'
  | 'foca+bincode'
  /** A datagram of Shoal's own protocol. */
  | 'shoal'
  /** A message of Shoal's own stream protocol. */
  | 'shoal-stream'
  /** A message of a state exchange or ping between two members, over a stream. */
  | 'shoal-state'
  /** One of Noxu's seven syncup messages. */
  | 'noxu-syncup'
  /** An entry on Noxu's `PEER_FEEDER` stream. */
  | 'noxu-stream'
  /** A payload of Noxu's `RESTORE` service. */
  | 'noxu-restore';

/** One named part of a packet. */
export interface DescribedField {
  readonly name: string;
  /** Where it starts, in bytes from the start of the packet. */
  readonly offset: number;
  /** How many bytes it takes. */
  readonly length: number;
  /** Its value. Absent if it has `fields`. */
  readonly value?: unknown;
  /** Its parts. Absent if it has a `value`. */
  readonly fields?: readonly DescribedField[] | undefined;
}

/** A packet as a tree of named fields. Other packages describe other families. */
export interface PacketDescription<Family extends string = PacketFamily> {
  readonly family: Family;
  /** All fields, or those before the `error`. */
  readonly fields: readonly DescribedField[];
  /** Why the rest could not be read. Absent if everything could. */
  readonly error?:
    | { readonly code: WireErrorCode; readonly offset: number; readonly expected: string }
    | undefined;
}

interface OpenField {
  name: string;
  offset: number;
  length: number;
  value?: unknown;
  fields?: OpenField[];
}

/** Reads a packet field by field, and notes the place and the value of each. */
export class FieldReader {
  readonly reader: ByteReader;
  #fields: OpenField[] = [];

  constructor(bytes: Uint8Array) {
    this.reader = new ByteReader(bytes);
  }

  get fields(): readonly DescribedField[] {
    return this.#fields;
  }

  /** Reads one field and notes it, with the value that `show` makes of what was read. */
  field<T>(name: string, read: (reader: ByteReader) => T, show?: (value: T) => unknown): T {
    const offset = this.reader.offset;
    const value = read(this.reader);
    const length = this.reader.offset - offset;
    this.#fields.push({ name, offset, length, value: show ? show(value) : value });
    return value;
  }

  /** Notes the fields that `read` reads as parts of one. If it throws, those before stay noted. */
  group(name: string, read: () => void): void {
    const outer = this.#fields;
    const group: OpenField = { name, offset: this.reader.offset, length: 0, fields: [] };
    outer.push(group);
    this.#fields = group.fields!;
    try {
      read();
    } finally {
      group.length = this.reader.offset - group.offset;
      this.#fields = outer;
    }
  }
}

/** Describes all of `bytes` with `read`. A `WireError` becomes the `error` of the description. */
export function describeAs<Family extends string>(
  family: Family,
  bytes: Uint8Array,
  read: (fields: FieldReader) => void,
): PacketDescription<Family> {
  const fields = new FieldReader(bytes);
  try {
    read(fields);
    fields.reader.finish();
    return { family, fields: fields.fields };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const { code, offset, expected } = error;
    return { family, fields: fields.fields, error: { code, offset, expected } };
  }
}

/**
 * A description as text for people, one line per field: offset and bytes in hexadecimal, name, value.
 * The layout may change in any release.
 */
export function formatDescription(
  description: PacketDescription<string>,
  bytes: Uint8Array,
): string {
  const lines = [`${description.family}, ${bytes.length} bytes`];
  const add = (fields: readonly DescribedField[], depth: number): void => {
    for (const { name, offset, length, value, fields: inner } of fields) {
      const shown = hex(bytes.subarray(offset, offset + Math.min(length, 8)));
      const dump = inner ? '' : length > 8 ? `${shown}..` : shown;
      const text = inner ? '' : `  ${display(value)}`;
      lines.push(
        `${offset.toString(16).padStart(4, '0')}  ${dump.padEnd(18)}  ${'  '.repeat(depth)}${name}${text}`,
      );
      if (inner) add(inner, depth + 1);
    }
  };
  add(description.fields, 0);
  const { error } = description;
  if (error) lines.push(`error: ${error.code} at byte ${error.offset}: expected ${error.expected}`);
  return lines.join('\n');
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A u32 that is not a quantity, as people write it: eight hexadecimal digits. */
export function hexWord(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function display(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const plain = (_: string, each: unknown): unknown => {
    if (typeof each === 'bigint') return each.toString();
    return each instanceof Uint8Array ? hex(each) : each;
  };
  return JSON.stringify(value, plain);
}
