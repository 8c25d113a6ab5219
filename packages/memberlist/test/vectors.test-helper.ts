import { readFileSync } from 'node:fs';

// What real members sent: see vectors/README.md.

/** One packet, or both sides of a stream. */
export interface Vector {
  readonly scenario: string;
  readonly kind: 'packet' | 'stream';
  readonly label?: string;
  /** In hexadecimal. */
  readonly keys?: readonly string[];
  readonly hex: string;
  /** What the acceptor of a stream answered. */
  readonly reply?: string;
  /** What is in it, as another program read it. */
  readonly read: Record<string, unknown>;
}

/** The release of memberlist that wrote them. */
export const RELEASES = ['0.7.0', '0.3.1'] as const;

export function readVectors(release: (typeof RELEASES)[number]): readonly Vector[] {
  const url = new URL(`../vectors/memberlist-${release}.jsonl`, import.meta.url);
  const lines = readFileSync(url, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Vector);
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
