import { readFileSync } from 'node:fs';

// The golden vectors of the Rust crates; see packages/interop/rust.

export interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly value: Record<string, unknown>;
  readonly hex: string;
  /** The crate accepts it, although it is not canonical. */
  readonly lenient?: boolean;
}

interface InvalidVector {
  readonly name: string;
  readonly kind: string;
  readonly hex: string;
  readonly error: string;
}

interface VectorFile {
  readonly vectors: readonly Vector[];
  readonly invalid: readonly InvalidVector[];
}

export function readVectors(name: string): VectorFile {
  const url = new URL(`../vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as VectorFile;
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A decoded value as the vectors write it: bigints as text, bytes as hex, undefined as null. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toJson(each)]));
}
