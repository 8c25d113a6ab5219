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

async function kill(one: NodeProcess): Promise<void> {
  one.signal('SIGKILL');
  await one.exit();
}

async function follows(one: NodeProcess, leader: NodeProcess): Promise<void> {
  const isFollower = (now: { role: string; leader: string }): boolean =>
    now.role === 'follower' && now.leader === leader.name;
  const { term } = await one.hears('role', isFollower);
  console.log(`${one.name} is follower of ${leader.name}, term ${term}`);
}

/** Waits until these nodes have elected one of them. */
async function elected(those: readonly NodeProcess[]): Promise<NodeProcess> {
  const [leader, term] = await Promise.any(
    those.map(async (one) => {
      const { term } = await one.hears('role', ({ role }) => role === 'leader');
      return [one, term] as const;
    }),
  );
  console.log(`${leader.name} is leader, term ${term}`);
  for (const one of those) if (one !== leader) await follows(one, leader);
  return leader;
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
  const all = [await start('a', '127.0.0.1:0', [])];
  for (const name of ['b', 'c']) all.push(await start(name, '127.0.0.1:0', [all[0]!.address]));
  const old = await elected(all);
  const acknowledged = numbered('deposit', 100);
  await append(old, acknowledged, 2);
  console.log(`${acknowledged.length} lines are on the disks of at least two nodes`);

  // Like a power cut: the others go first, so what the leader appends then is on its disk alone.
  const others = all.filter((one) => one !== old);
  await Promise.all(others.map(kill));
  const alone = numbered('on one disk only', 5);
  await append(old, alone, 1);
  await kill(old);
  const what = `with ${alone.length} lines that no other node has`;
  console.log(`all are killed, ${old.name} last, ${what}`);

  // The others elect one of them before the old leader comes back.
  const seeds = others.map(({ address }) => address);
  const two = await Promise.all(others.map(({ name, address }) => start(name, address, seeds)));
  const leader = await elected(two);
  const later = numbered('withdrawal', 50);
  await append(leader, later, 2);
  acknowledged.push(...later);
  console.log(`${later.length} more lines are on the disks of at least two nodes`);

  const again = await start(old.name, old.address, seeds);
  const { undone, matchpoint, archive } = await again.hears('rollback');
  assert.deepEqual(undone, alone);
  const kept = `the ${undone.length} lines are in its archive ${archive}`;
  console.log(`${old.name} is back, and rolled back to VLSN ${matchpoint}: ${kept}`);
  await follows(again, leader);
  await append(leader, ['the last one'], 3);
  acknowledged.push('the last one');

  const digests = new Set<string>();
  for (const one of [again, ...two]) {
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
  for (const one of [again, ...two]) {
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
