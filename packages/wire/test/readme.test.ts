import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeBlocks, promisedOutput, runBlock } from '../../../scripts/code-blocks.ts';

// Runs the code of the README and compares what it prints with what it says it prints.

const folder = new URL('../', import.meta.url);
const blocks = codeBlocks(readFileSync(new URL('README.md', folder), 'utf8')).filter(
  ({ language }) => language === 'ts',
);

describe('the README', () => {
  it('has code', () => expect(blocks).toHaveLength(3));

  it.each(blocks)('runs the code under "$heading"', async ({ code }) => {
    const promised = promisedOutput(code);
    expect(promised.length).toBeGreaterThan(0);
    expect(await runBlock(code, { folder })).toEqual(promised);
  });
});
