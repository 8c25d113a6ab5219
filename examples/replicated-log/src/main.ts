// Three processes with one log. Exits with 0 only if everything that it prints was verified.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeProcess } from './node-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'shoal-replicated-log-'));
const processes: NodeProcess[] = [];

async function start(name: string, bind: string, seeds: string[]): Promise<NodeProcess> {
  const one = new NodeProcess(name, bind, join(directory, name), seeds);
  processes.push(one);
  one.address = (await one.hears('ready')).address;
  return one;
}

function choose(leader: string, epoch: number, those: NodeProcess[]): void {
  for (const one of those) one.tell({ type: 'choose', leader, epoch });
}

async function kill(one: NodeProcess): Promise<void> {
  one.signal('SIGKILL');
  await one.exit();
}

async function becomes(one: NodeProcess, role: string, leader: string): Promise<void> {
  const { term } = await one.hears('role', (now) => now.role === role && now.leader === leader);
  console.log(`${one.name} is ${role}${role === 'follower' ? ` of ${leader}` : ''}, term ${term}`);
}

/** Appends all lines at once. Resolves when `acks` voters hold them. */
async function append(leader: NodeProcess, lines: string[], acks: number): Promise<void> {
  const { mark } = leader;
  for (const line of lines) leader.tell({ type: 'append', line, acks });
  await Promise.all(lines.map((line) => leader.hears('appended', (r) => r.line === line, mark)));
}

const numbered = (text: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${text} ${i + 1}`);

async function main(): Promise<void> {
  const a = await start('a', '127.0.0.1:0', []);
  let b = await start('b', '127.0.0.1:0', [a.address]);
  let c = await start('c', '127.0.0.1:0', [a.address]);
  choose('a', 1, [a, b, c]);
  await becomes(a, 'leader', 'a');
  await becomes(b, 'follower', 'a');
  await becomes(c, 'follower', 'a');
  const acknowledged = numbered('deposit', 100);
  await append(a, acknowledged, 2);
  console.log(`${acknowledged.length} lines are on the disks of at least two nodes`);

  // Like a power cut: the others go first, so what a appends then is on its disk alone.
  for (const one of [b, c]) await kill(one);
  const alone = numbered('only on a', 5);
  await append(a, alone, 1);
  await kill(a);
  console.log(`all are killed, a last, with ${alone.length} lines that no other node has`);

  // Another node takes over before a comes back.
  b = await start('b', b.address, [c.address]);
  c = await start('c', c.address, [b.address]);
  choose('b', 2, [b, c]);
  await becomes(b, 'leader', 'b');
  await becomes(c, 'follower', 'b');
  const later = numbered('withdrawal', 50);
  await append(b, later, 2);
  acknowledged.push(...later);
  console.log(`${later.length} more lines are on the disks of at least two nodes`);

  const again = await start('a', a.address, [b.address]);
  const { undone, matchpoint, archive } = await again.hears('rollback');
  assert.deepEqual(undone, alone);
  const kept = `the ${undone.length} lines are in its archive ${archive}`;
  console.log(`a is back, and rolled back to VLSN ${matchpoint}: ${kept}`);
  await becomes(again, 'follower', 'b');
  await append(b, ['the last one'], 3);
  acknowledged.push('the last one');

  const digests = new Set<string>();
  for (const one of [again, b, c]) {
    const { mark } = one;
    one.tell({ type: 'content' });
    const { digest, log, state } = await one.hears('content', () => true, mark);
    digests.add(digest);
    assert.deepEqual(log, acknowledged, `the log of ${one.name}`);
    assert.deepEqual([...state].sort(), [...acknowledged].sort(), `the state of ${one.name}`);
  }
  assert.equal(digests.size, 1, 'digests differ');
  console.log(`all three nodes have the same log, digest ${[...digests][0]}`);
  console.log(`no acknowledged line is lost: ${acknowledged.length} lines, each once`);
  for (const one of [c, again, b]) {
    one.tell({ type: 'leave' });
    await one.exit();
  }
}

try {
  await main();
} catch (error) {
  console.error('FAILED:', error);
  process.exitCode = 1;
} finally {
  for (const one of processes) one.signal('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
