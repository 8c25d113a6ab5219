import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damaged, hex, nodeName, u64 } from '../../test/arbitraries.test-helper.ts';
import {
  decodeNodeMetadata,
  encodeNodeMetadata,
  MAX_APPLICATION_BYTES,
  type NodeMetadata,
  type Role,
} from './node-metadata.ts';

const address = fc.constantFrom('10.0.0.1:7946', '[::1]:80', 'node-1.example:1');
const role = fc.constantFrom<Role>('member', 'leader', 'follower');

const metadata: fc.Arbitrary<NodeMetadata> = fc.record(
  {
    name: nodeName,
    role,
    term: u64,
    started: fc.nat({ max: 2 ** 48 - 1 }),
    streamAddress: address,
    webSocketAddress: address,
    application: fc.uint8Array({ maxLength: MAX_APPLICATION_BYTES }),
  },
  { requiredKeys: ['name', 'role', 'term', 'started', 'application'] },
);

describe('node metadata', () => {
  it('is decoded as it was encoded', () => {
    fc.assert(
      fc.property(metadata, (value) => {
        expect(decodeNodeMetadata(encodeNodeMetadata(value))).toEqual(value);
      }),
    );
  });

  it('of damaged bytes is undefined or valid, never an error', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 512 }),
      damaged(metadata.map(encodeNodeMetadata)),
    );
    fc.assert(
      fc.property(bytes, (found) => {
        const read = decodeNodeMetadata(found);
        if (read === undefined) return;
        expect(encodeNodeMetadata(read)).toEqual(found);
      }),
      { numRuns: 2000 },
    );
  });

  it('fits into an identity at its longest, and is refused beyond', () => {
    const longest = {
      name: 'n'.repeat(64),
      role: 'leader',
      term: 1n,
      started: 2 ** 48 - 1,
      streamAddress: 's'.repeat(128),
      webSocketAddress: 'w'.repeat(128),
      application: new Uint8Array(MAX_APPLICATION_BYTES),
    } as const;
    expect(encodeNodeMetadata(longest).length).toBeLessThanOrEqual(512);
    for (const wrong of [
      { name: '' },
      { name: 'n'.repeat(65) },
      { streamAddress: 's'.repeat(129) },
      { application: new Uint8Array(MAX_APPLICATION_BYTES + 1) },
    ]) {
      const encode = (): unknown => encodeNodeMetadata({ ...longest, ...wrong });
      expect(encode).toThrow(expect.objectContaining({ code: 'argument' }));
    }
  });

  it('has the bytes that are documented', () => {
    const application = Uint8Array.of(9);
    const value = { name: 'a', role: 'leader', term: 258n, started: 259, application } as const;
    const bytes = '4e 01 01 00 02 01 00 00 00 00 00 00 03 01 00 00 00 00 01 61 09';
    expect(hex(encodeNodeMetadata(value))).toBe(bytes);
  });
});
