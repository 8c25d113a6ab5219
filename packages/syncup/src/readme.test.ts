import { readFileSync } from 'node:fs';
import { createTcpTransport } from '@shoal/transport-node';
import { expect, it } from 'vitest';
import { startFeeder, startReplica } from './driver.ts';
import { MemoryLog } from './memory-log.ts';

it('the example of the README prints what it says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!.replace(/^import .*$/gm, '');
  const printed: string[] = [];
  const given = {
    MemoryLog,
    startFeeder,
    startReplica,
    createTcpTransport,
    console: { log: (value: unknown) => printed.push(String(value)) },
  };
  const run = new Function(...Object.keys(given), `return (async () => {${code}})();`);
  await run(...Object.values(given));
  const said = /It prints (.*)\./.exec(readme)![1]!;
  expect(printed).toEqual([...said.matchAll(/`([^`]+)`/g)].map((match) => match[1]));
});
