import { describe, expect, it } from 'vitest';
import { codeBlocks, expectedOutput, runBlock } from '../../../scripts/code-blocks.ts';
import { FOLDER, read } from './pages.ts';

const GUIDES = [
  'docs/getting-started.md',
  'docs/concepts.md',
  'docs/operating.md',
  'docs/security.md',
  'docs/writing-a-transport.md',
];

describe.each(GUIDES)('%s', (page) => {
  const blocks = codeBlocks(read(page)).filter(({ language }) => language === 'ts');

  it('has code', () => expect(blocks.length).toBeGreaterThan(0));

  it.each(blocks.map((block) => [block.heading, block.code]))(
    'the code under "%s" prints what it says',
    async (_, code) => {
      const expected = expectedOutput(code);
      expect(expected.length).toBeGreaterThan(0);
      expect(await runBlock(code, { folder: FOLDER })).toEqual(expected);
    },
    120_000,
  );
});
