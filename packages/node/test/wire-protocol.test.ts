import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  encodeNodeMetadata,
  MAX_APPLICATION_BYTES,
  MAX_NAME_BYTES,
  ROLES,
} from '../src/members/node-metadata.ts';
import { termMark } from '../src/replication/term-marks.ts';
import { SERVICES } from '../src/services.ts';
import { isPlausible, termOf } from '../src/votes/term.ts';

const doc = readFileSync(new URL('../../../docs/wire-protocol.md', import.meta.url), 'utf8');

describe('what docs/wire-protocol.md says about nodes', () => {
  it('names every service', () => {
    const named = [...doc.matchAll(/^\| `(shoal\/\w+)` /gm)].map(([, name]) => name);
    expect(named).toEqual(Object.values(SERVICES));
  });

  it('has an example of metadata', () => {
    const [, example] = /```hex node-metadata\n([\s\S]*?)```/.exec(doc)!;
    const metadata = encodeNodeMetadata({
      name: 'a',
      role: 'leader',
      term: termOf(1n, 0n),
      started: 1_700_000_000_000,
      streamAddress: '10.0.0.1:7000',
      application: Uint8Array.of(1, 2),
    });
    expect(Buffer.from(metadata).toString('hex')).toBe(example!.replace(/\s/g, ''));
  });

  it('has the roles and the limits', () => {
    expect(doc).toContain(ROLES.map((role, i) => `${i}: ${role}`).join('. '));
    expect(doc).toMatch(new RegExp(`\\| \`name\` +\\| 1\\.\\.${MAX_NAME_BYTES} bytes`));
    expect(doc).toMatch(
      new RegExp(`\\| \`application\` +\\| 0\\.\\.${MAX_APPLICATION_BYTES} bytes`),
    );
  });

  it('describes the entry that marks a term', () => {
    const { type, payload } = termMark(0x0102n);
    expect(payload).toEqual(Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0));
    expect(doc).toMatch(new RegExp(`^\\| ${type} +\\| term mark: `, 'm'));
  });

  it('says what a term is, and which ones are not believed', () => {
    expect(doc).toContain('A term is `epoch × 2^20 + round`');
    expect(termOf(3n, 2n)).toBe(3n * 2n ** 20n + 2n);
    expect(doc).toContain('more than 2^24\nabove');
    const known = termOf(5n, 0n);
    expect(isPlausible(termOf(5n + 2n ** 24n, 0n), known)).toBe(true);
    expect(isPlausible(termOf(6n + 2n ** 24n, 0n), known)).toBe(false);
  });
});
