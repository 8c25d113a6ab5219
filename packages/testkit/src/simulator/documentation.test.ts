import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as simulator from './index.ts';

it('the example of docs/simulation.md prints what its comments say', () => {
  const page = readFileSync(new URL('../../../../docs/simulation.md', import.meta.url), 'utf8');
  const example = /^```ts\n([\s\S]*?)^```/m.exec(page)![1]!;
  const body = example.replace(/^import (\{.*\}) from .*$/m, 'const $1 = simulator;');
  const promised = [...body.matchAll(/console\.log.*\/\/ (.*)$/gm)].map((match) => match[1]);
  expect(promised).toHaveLength(4);
  const printed: string[] = [];
  const log = (...parts: unknown[]): number => printed.push(parts.join(' '));
  new Function('simulator', 'console', body)(simulator, { log });
  expect(printed).toEqual(promised);
});
