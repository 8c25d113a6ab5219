import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const PACKAGE = fileURLToPath(new URL('../', import.meta.url));
const TSC = join(createRequire(import.meta.url).resolve('typescript'), '../tsc.js');

/** Each export has an inferred type, whose name the compiler must find in @shoal/node. */
const PROGRAM = `
import { createNode, startNode } from '@shoal/node';
import type { NodeEvent } from '@shoal/node';

export const node = await createNode({ name: 'a', bind: '127.0.0.1:0' });
export const log = node.log!;
export const range = log.range;
export const entry = await log.entry(1n);
export const entries = log.read(1n);
export const archives = log.archives();
export const retention = log.retain(1n);
export const membership = node.membership;
export const identity = membership.identity;
export const known = membership.membershipState();
export const membershipEvents = membership.events();
export const members = node.members();
export const stats = node.stats();
export const counters = stats.membership;
export const followers = stats.followers;
export const lag = stats.lag;
export const events = node.events();
export const appended = node.append([]);
export const rollback = (event: Extract<NodeEvent, { type: 'rollback' }>) => event.discarded;
export const start = startNode;
export const options = (...args: Parameters<typeof startNode>) => args[0];
export const portable = options({} as never);
export const { datagrams, streams, listeners, voters, leadership, config, seeds } = portable;
export const { kinds, onEntries, onRestore, replication } = portable;
export const policy = replication!.rollback!;
`;

it('a user who installed nothing but @shoal/node can export what it returns', {
  timeout: 120_000,
}, () => {
  // As pnpm installs: the packages below @shoal/node cannot be imported from here.
  const project = mkdtempSync(join(tmpdir(), 'shoal-types-'));
  try {
    mkdirSync(join(project, 'node_modules/@shoal'), { recursive: true });
    symlinkSync(PACKAGE, join(project, 'node_modules/@shoal/node'), 'junction');
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(project, 'program.ts'), PROGRAM);
    const options = ['--declaration', '--outDir', 'out', '--strict', '--skipLibCheck'];
    const target = ['--target', 'es2022', '--module', 'nodenext'];
    expect(compile(project, [...options, ...target, 'program.ts'])).toBe('');
    const declarations = readFileSync(join(project, 'out/program.d.ts'), 'utf8');
    const packages = new Set(declarations.match(/(?<=import\(")[^"]+/g));
    expect([...packages]).toEqual(['@shoal/node']);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});

function compile(cwd: string, args: string[]): string {
  try {
    return execFileSync(process.execPath, [TSC, ...args], { cwd, encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
