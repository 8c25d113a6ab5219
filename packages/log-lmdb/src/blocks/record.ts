import { crc32 } from 'node:zlib';
import { SyncupError } from '@shoal/syncup';
import type { Position } from './position.ts';
import type { Span } from './span.ts';

/** What a log consists of besides its entries. Written whenever that changes. */
export interface LogRecord {
  readonly format: 1;
  readonly fingerprint: 'chained' | 'noxu';
  /** The flags of each type of entry, one hex digit each. */
  readonly kinds: string;
  /** The lowest VLSN held. */
  readonly first: number;
  /** Ascending, without gaps. The last one has no end. */
  readonly spans: readonly Span[];
  /** The position before the last span. */
  readonly base: Position;
  readonly nextGeneration: number;
  readonly nextArchive: number;
  /** The ids of the archives, ascending, so that a damaged name cannot hide one. */
  readonly archives: readonly number[];
}

export interface ArchiveRecord {
  readonly id: number;
  readonly reason: string;
  readonly matchpoint: number;
  readonly spans: readonly Span[];
}

/** How the names of archive records and garbage records begin. */
export const ARCHIVES = 'archive/';
export const GARBAGE = 'garbage/';

/** The name of an archive's record. Names sort like ids. */
export function archiveName(id: number): string {
  return `${ARCHIVES}${String(id).padStart(16, '0')}`;
}

/** The name of the record of a note. */
export function noteName(name: string): string {
  return `note/${name}`;
}

/** Encodes a record: the CRC-32 of the rest, little-endian, then JSON in UTF-8. */
export function encodeRecord(value: unknown): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(value, infinityToText));
  const bytes = new Uint8Array(4 + text.length);
  bytes.set(text, 4);
  new DataView(bytes.buffer).setUint32(0, crc32(text), true);
  return bytes;
}

/** Decodes a record. Throws `corrupt`. */
export function decodeRecord(name: string, bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = bytes.subarray(4);
  if (bytes.length < 4 || view.getUint32(0, true) !== crc32(text)) {
    throw new SyncupError('corrupt', `the record "${name}" is damaged`);
  }
  return JSON.parse(new TextDecoder().decode(text), textToInfinity);
}

function infinityToText(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}

function textToInfinity(key: string, value: unknown): unknown {
  return key === 'last' && value === 'Infinity' ? Number.POSITIVE_INFINITY : value;
}
