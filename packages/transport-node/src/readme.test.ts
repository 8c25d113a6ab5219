import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as library from './index.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!);

/** Runs a block of the README as it stands, without its imports; returns what it printed. */
async function run(code: string): Promise<string[]> {
  const printed: string[] = [];
  const known = {
    ...library,
    randomBytes,
    console: {
      log: (...values: unknown[]) => {
        printed.push(
          values.map((v) => (typeof v === 'object' ? JSON.stringify(v) : String(v))).join(' '),
        );
      },
    },
  };
  const body = code.replace(/^import .*$/gm, '');
  const AsyncFunction: FunctionConstructor = Object.getPrototypeOf(run).constructor;
  await new AsyncFunction(...Object.keys(known), body)(...Object.values(known));
  return printed;
}

describe('the examples in the README', () => {
  it.each(blocks.filter((code) => code.includes('console.log')))(
    'print what they say %#',
    async (code) => {
      const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
      expect(said.length).toBeGreaterThan(0);
      expect(await run(code)).toEqual(said);
    },
  );

  it('are all there', () => {
    expect(blocks.map((code) => code.includes('console.log'))).toEqual([true, true, false, true]);
  });
});
