import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeBlocks, promisedOutput, runBlock } from '../../../scripts/code-blocks.ts';

const folder = new URL('../', import.meta.url);
const blocks = codeBlocks(readFileSync(new URL('README.md', folder), 'utf8'))
  .filter(({ language }) => language === 'ts')
  .map(({ heading, code }) => ({ heading, code, promised: promisedOutput(code) }));

describe('the examples in the README', () => {
  it.each(blocks.filter(({ promised }) => promised.length > 0))(
    'print what they say: $heading',
    async ({ code, promised }) => {
      expect(await runBlock(code, { folder })).toEqual(promised);
    },
  );

  it('are all there', () => {
    // That of TLS needs certificates.
    expect(blocks.map(({ promised }) => promised.length > 0)).toEqual([true, true, false, true]);
  });
});
