import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codeBlocks, runBlock } from '../../../scripts/code-blocks.ts';

it('the program in the README prints what the README says', { timeout: 60_000 }, async () => {
  const folder = new URL('../', import.meta.url);
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const [example] = codeBlocks(readme).filter(({ language }) => language === 'ts');
  const directory = mkdtempSync(join(tmpdir(), 'shoal-readme-'));
  const prelude = `
    const directory = ${JSON.stringify(directory)};
    const applied = { a: 0, b: 0, c: 0 };
    const apply = (name, entries) => { applied[name] += entries.length; };
  `;
  const code = `${example!.code}\nconsole.log(JSON.stringify(applied));`;
  try {
    const said = /This prints `(.*?)`/.exec(readme)![1]!;
    expect(await runBlock(code, { folder, prelude })).toEqual([said, '{"a":0,"b":2,"c":2}']);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
