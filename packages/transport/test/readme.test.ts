import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { formatAddress, parseAddress } from '../src/index.ts';

it('does what the README says about addresses', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const lines = [...readme.matchAll(/^((?:parse|format)Address\(.*\)); \/\/ (.*)$/gm)];
  expect(lines.length).toBe(3);
  const evaluate = (code: string): unknown =>
    new Function('parseAddress', 'formatAddress', `return ${code}`)(parseAddress, formatAddress);
  for (const [, code, result] of lines) expect(evaluate(code!)).toEqual(evaluate(`(${result})`));
});
