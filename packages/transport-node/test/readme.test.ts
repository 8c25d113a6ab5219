import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeBlocks, expectedOutput, runBlock } from '../../../scripts/code-blocks.ts';

const folder = new URL('../', import.meta.url);
const blocks = codeBlocks(readFileSync(new URL('README.md', folder), 'utf8'))
  .filter(({ language }) => language === 'ts')
  .map(({ heading, code }) => ({ heading, code, expected: expectedOutput(code) }));

describe('the examples in the README', () => {
  it.each(blocks.filter(({ expected }) => expected.length > 0))(
    'print what they say: $heading',
    async ({ code, expected }) => {
      expect(await runBlock(code, { folder })).toEqual(expected);
    },
  );

  it('are all there', () => {
    // That of TLS needs certificates.
    expect(blocks.map(({ expected }) => expected.length > 0)).toEqual([
      true,
      true,
      false,
      true,
      true,
    ]);
  });
});
