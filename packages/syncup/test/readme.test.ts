import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { codeBlocks, runBlock } from '../../../scripts/code-blocks.ts';

it('the example of the README prints what it says', async () => {
  const folder = new URL('../', import.meta.url);
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const [example, ...more] = codeBlocks(readme).filter(({ language }) => language === 'ts');
  const said = /It prints (.*)\./.exec(readme)![1]!;
  expect(await runBlock(example!.code, { folder })).toEqual(
    [...said.matchAll(/`([^`]+)`/g)].map((match) => match[1]),
  );
  expect(more).toEqual([]);
});
