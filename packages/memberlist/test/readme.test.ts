import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeBlocks, expectedOutput, runBlock } from '../../../scripts/code-blocks.ts';

// Runs the code in the README and compares its output with the comments.

const folder = new URL('../', import.meta.url);
const blocks = codeBlocks(readFileSync(new URL('README.md', folder), 'utf8')).filter(
  ({ language }) => language === 'ts',
);

describe('the README', () => {
  it('has code', () => expect(blocks).toHaveLength(3));

  it.each(blocks)('runs the code under "$heading"', async ({ code }) => {
    const expected = expectedOutput(code);
    expect(expected.length).toBeGreaterThan(0);
    expect(await runBlock(code, { folder })).toEqual(expected);
  });
});
