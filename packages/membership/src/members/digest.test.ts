import { readFileSync } from 'node:fs';
import { shoalCodec } from '@shoal/wire';
import { expect, it } from 'vitest';
import { alive, bench } from '../../test/harness.test-helper.ts';

it('the digest is the one of the example in docs/wire-protocol.md', () => {
  const doc = readFileSync(new URL('../../../../docs/wire-protocol.md', import.meta.url), 'utf8');
  const hex = /```hex state-digest\n([0-9a-f ]+)\n```/.exec(doc)![1]!.replaceAll(' ', '');
  const id = (address: string, generation: number, metadata: string) => ({
    address,
    generation,
    metadata: new TextEncoder().encode(metadata),
  });
  const one = bench({
    identity: id('[::1]:7946', 8, ''),
    codec: shoalCodec({ label: 'prod' }),
  });
  one.swim.applyMany([alive(id('10.0.0.1:7946', 7, 'web'), 300)], 0);
  const digest = one.swim.digest();
  expect(digest.match(/../g)!.reverse().join('')).toBe(hex);
});
