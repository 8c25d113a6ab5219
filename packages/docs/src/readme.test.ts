import { describe, expect, it } from 'vitest';
import { codeBlocks, expectedOutput, runBlock } from '../../../scripts/code-blocks.ts';
import { FOLDER, read } from './pages.ts';

const readme = read('README.md');
const blocks = codeBlocks(readme);

describe('the README', () => {
  it.each([0, 1])(
    'has an example of at most 15 lines that prints what it says: %i',
    async (i) => {
      const examples = blocks.filter(({ language }) => language === 'ts');
      expect(examples).toHaveLength(2);
      const { code } = examples[i]!;
      expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(15);
      const expected = expectedOutput(code);
      expect(expected.length).toBeGreaterThan(0);
      expect(await runBlock(code, { folder: FOLDER })).toEqual(expected);
    },
    120_000,
  );

  // npm run check:packages runs the quick start.
  it('has a quick start: commands, a program and its output', () => {
    const start = blocks.filter(({ heading }) => heading === 'Quick start');
    expect(start.map(({ language }) => language)).toEqual(['sh', 'js', 'sh', 'text']);
  });

  it('lists exactly the commands of the root', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const section = readme.split('## Commands')[1]!.split('\n## ')[0]!;
    const listed = [...section.matchAll(/`npm (?:run )?([\w:-]+)`/g)].map(([, name]) => name);
    const known = Object.keys(scripts).filter((name) => !name.startsWith('_') && name !== 'build');
    expect(listed.sort()).toEqual(known.sort());
  });
});

describe.each(['README.md', 'docs/choosing.md'])('%s', (page) => {
  it('defines exactly the footnotes that it uses', () => {
    const text = read(page);
    const [used, defined] = [/\[\^([\w-]+)\](?!:)/g, /^\[\^([\w-]+)\]:/gm].map((pattern) => [
      ...new Set([...text.matchAll(pattern)].map(([, name]) => name)),
    ]);
    expect(used!.length).toBeGreaterThan(0);
    expect(used!.sort()).toEqual(defined!.sort());
  });
});
