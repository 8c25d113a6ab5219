import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { ChildLines } from '../../../scripts/child-lines.ts';
import { codeBlocks } from '../../../scripts/code-blocks.ts';
import { freePort } from '../../../scripts/free-port.mjs';
import { FOLDER, read } from './pages.ts';

const page = read('docs/getting-started.md');
const [members, nodes, oldLeader] = codeBlocks(page)
  .filter(({ language, code }) => language === 'sh' && code.startsWith('node '))
  .map(({ code }) => code.trimEnd().split('\n'));

describe('docs/getting-started.md', () => {
  let folder: string;
  const ports = new Map<string, string>();

  beforeAll(async () => {
    // Below this package, so that the programs find the packages of this repository.
    folder = await mkdtemp(fileURLToPath(new URL('node_modules/getting-started-', FOLDER)));
    const programs = page.matchAll(/Save this as\s+`([^`]+)`:\n\n```js\n([\s\S]*?)```/g);
    for (const [, name, code] of programs) await writeFile(`${folder}/${name}`, code!);
    for (const port of new Set(page.match(/\b70\d\d\b/g)))
      ports.set(port, String(await freePort()));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Runs a command of the page, with free ports in place of those that it names. */
  function run(command: string): ChildLines {
    const [, ...args] = command.replace(/\b70\d\d\b/g, (port) => ports.get(port)!).split(' ');
    return new ChildLines(process.execPath, args, { cwd: folder });
  }

  it('shows two members that find each other, one that leaves and one that fails', async () => {
    await using a = run(members![0]!);
    await using b = run(members![1]!);
    await Promise.all([a.line(/^b is up/), b.line(/^a is up/)]);
    b.signal('SIGINT');
    await a.line(/^b has left/);
    await using again = run(members![1]!);
    await Promise.all([a.line(/^b is back/), again.line(/^a is up/)]);
    again.signal('SIGKILL');
    await a.line(/^b has failed/);
  }, 120_000);

  it('shows a log that survives a follower and then its leader', async () => {
    await using a = run(nodes![0]!);
    await using b = run(nodes![1]!);
    await using c = run(nodes![2]!);
    await Promise.all([a, b, c].map((node) => node.line(/the leader is a/)));
    a.type('hello');
    await Promise.all([b, c].map((node) => node.line(/got "hello"/)));
    await a.line(/a majority holds "hello" as entry 2$/);
    b.type('refused');
    await b.line(/^b: (?!a majority|got|the leader)/);

    c.signal('SIGINT');
    await Promise.all([a, b].map((node) => node.line(/c has failed/)));
    a.type('without c');
    await a.line(/a majority holds "without c"/);
    await using c2 = run(nodes![2]!);
    await c2.line(/got "without c"/);

    a.signal('SIGINT');
    await a.exit;
    const [, elected] = await b.line(/the leader is ([bc])/);
    const [leader, follower] = elected === 'b' ? [b, c2] : [c2, b];
    await leader.line(new RegExp(`the leader is ${elected}`));
    leader.type('after a');
    await leader.line(/a majority holds "after a"/);
    await follower.line(/got "after a"/);
    await using a2 = run(oldLeader![0]!);
    await a2.line(/got "after a"/);
  }, 120_000);
});
