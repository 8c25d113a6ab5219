import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ChildLines } from '../../../scripts/child-lines.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const AGENT = fileURLToPath(
  new URL('../../../packages/interop/rust/target/release/foca-agent', import.meta.url),
);

async function agent(...args: string[]): Promise<{ process: ChildLines; addr: string }> {
  const process = new ChildLines(AGENT, ['--bind', '127.0.0.1:0', ...args]);
  const [, addr] = await process.line(/^\{"event":"listening","addr":"([^"]+)"/);
  return { process, addr: addr! };
}

it('joins a cluster of Rust nodes, sees one fail, and leaves', async () => {
  const first = await agent();
  await using _first = first.process;
  const second = await agent('--announce', first.addr);
  await using _second = second.process;
  await using member = new ChildLines(process.execPath, [MAIN, first.addr]);
  const [, own] = await member.line(/^I am (.+)$/);

  await member.line(new RegExp(`^up ${first.addr}$`));
  await member.line(new RegExp(`^up ${second.addr}$`));
  await first.process.line(new RegExp(`^\\{"event":"memberUp".*"${own}"`));
  await second.process.line(new RegExp(`^\\{"event":"memberUp".*"${own}"`));

  second.process.signal('SIGKILL');
  await member.line(new RegExp(`^failed ${second.addr}$`));

  member.signal('SIGTERM');
  expect(await member.exit).toBe(0);
  await first.process.line(new RegExp(`^\\{"event":"memberDown".*"${own}"`));
  expect(member.lines.filter((line) => line.startsWith('refused'))).toEqual([]);
}, 240_000);
