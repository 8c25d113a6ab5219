import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryDirectories } from './directory.test-helper.ts';
import { openLmdbLog } from './open.ts';

const directory = temporaryDirectories();

it('the example of the README prints what it says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!.replace(/^import .*$/gm, '');
  const printed: string[] = [];
  const given = {
    openLmdbLog,
    path: directory(),
    console: { log: (...values: unknown[]) => printed.push(values.join(' ')) },
  };
  const run = new Function(...Object.keys(given), `return (async () => {${code}})();`);
  await run(...Object.values(given));
  const said = /It prints (.*)\./.exec(readme)![1]!;
  expect(printed).toEqual([...said.matchAll(/`([^`]+)`/g)].map((match) => match[1]));
});
