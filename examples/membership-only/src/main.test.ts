import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ChildLines } from '../../../scripts/child-lines.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

function member(...seeds: string[]): ChildLines {
  return new ChildLines(process.execPath, [MAIN, '127.0.0.1:0', ...seeds]);
}

async function addressOf(one: ChildLines): Promise<string> {
  return (await one.line(/^I am (.+)$/))[1]!;
}

it('three processes find each other, one fails, one leaves', async () => {
  await using first = member();
  const a = await addressOf(first);
  await using second = member(a);
  const b = await addressOf(second);
  await using third = member(a);
  const c = await addressOf(third);

  for (const [one, others] of [
    [first, [b, c]],
    [second, [a, c]],
    [third, [a, b]],
  ] as const) {
    for (const other of others) await one.line(new RegExp(`^up ${other}$`));
  }

  second.signal('SIGKILL');
  await first.line(new RegExp(`^down ${b}: failed$`));
  await third.line(new RegExp(`^down ${b}: failed$`));

  third.signal('SIGTERM');
  await first.line(new RegExp(`^down ${c}: left$`));
  expect(await third.exit).toBe(0);
  first.signal('SIGTERM');
  expect(await first.exit).toBe(0);
}, 240_000);
