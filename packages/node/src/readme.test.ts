import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createNode, fixedLeader } from './index.ts';

it('the example of the README prints what it says', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-readme-'));
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!.replace(/^import .*$/gm, '');
  const printed: string[] = [];
  const applied = new Map<string, number>();
  const given = {
    createNode,
    fixedLeader,
    directory,
    apply: (name: string, entries: unknown[]) =>
      applied.set(name, (applied.get(name) ?? 0) + entries.length),
    console: { log: (...values: unknown[]) => printed.push(values.join(' ')) },
  };
  try {
    const run = new Function(...Object.keys(given), `return (async () => {${code}})();`);
    await run(...Object.values(given));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  expect(printed).toEqual([/It prints `(.*?)`/.exec(readme)![1]!]);
  expect(applied).toEqual(new Map([...'bc'].map((name) => [name, 2])));
});
