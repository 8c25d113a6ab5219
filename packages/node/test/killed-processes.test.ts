import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('./node-process.test-script.mjs', import.meta.url));
const VOTERS = ['a', 'b', 'c'];

/** A report of a node's process. */
interface Told {
  readonly type: string;
  readonly role?: string;
  readonly address?: string;
  readonly code?: string;
  readonly texts?: string[];
  readonly archived?: string[];
  readonly archive?: string;
  readonly fingerprint?: string;
}

/** A node in its own process. */
class NodeProcess {
  readonly child: ChildProcess;
  readonly told: Told[] = [];
  address = '';
  readonly #waiting = new Set<() => void>();

  constructor(options: object) {
    this.child = fork(SCRIPT, [JSON.stringify({ voters: VOTERS, ...options })]);
    this.child.on('message', (message) => {
      this.told.push(message as Told);
      for (const look of this.#waiting) look();
    });
  }

  tell(command: object): void {
    this.child.send(command);
  }

  /** Resolves with the first matching report after position `from`. */
  hears(wanted: (told: Told) => boolean, from = 0): Promise<Told> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.told.slice(from).find(wanted);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async content(): Promise<Told> {
    const from = this.told.length;
    this.tell({ type: 'content' });
    return this.hears(({ type }) => type === 'content', from);
  }

  async exited(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    await new Promise((resolve) => this.child.once('exit', resolve));
  }
}

let directory = '';
const processes: NodeProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'shoal-node-'));
});
afterEach(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await Promise.all(processes.splice(0).map((one) => one.exited()));
  rmSync(directory, { recursive: true, force: true });
});

async function launch(name: string, seeds: string[], bind = '127.0.0.1:0'): Promise<NodeProcess> {
  const one = new NodeProcess({ name, seeds, bind, path: join(directory, name) });
  processes.push(one);
  const { address } = await one.hears(({ type }) => type === 'ready');
  one.address = address!;
  return one;
}

async function cluster(): Promise<[NodeProcess, NodeProcess, NodeProcess]> {
  const a = await launch('a', []);
  return [a, await launch('b', [a.address]), await launch('c', [a.address])];
}

const choose = (leader: string, epoch: number, nodes: NodeProcess[]): void => {
  for (const node of nodes) node.tell({ type: 'choose', leader, epoch });
};
const is =
  (role: string) =>
  (told: Told): boolean =>
    told.type === 'role' && told.role === role;
const typed =
  (wanted: string) =>
  ({ type }: Told): boolean =>
    type === wanted;

/** Resolves with the content of the logs once all of them are equal. */
async function equal(nodes: NodeProcess[]): Promise<string[]> {
  for (;;) {
    const contents = await Promise.all(nodes.map((node) => node.content()));
    if (new Set(contents.map(({ fingerprint }) => fingerprint)).size === 1) {
      return contents[0]!.texts!;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('nodes in their own processes, with durable logs', { timeout: 120_000 }, () => {
  it('a leader that was stopped gets nothing acknowledged when it continues, and rejoins', async () => {
    const [a, b, c] = await cluster();
    choose('a', 1, [a, b, c]);
    await a.hears(is('leader'));
    a.tell({ type: 'append', texts: ['first', 'second'] });
    await a.hears(typed('acknowledged'));

    a.child.kill('SIGSTOP');
    // a does not learn of it, and considers itself the leader when it continues.
    choose('b', 2, [b, c]);
    await b.hears(is('leader'));
    b.tell({ type: 'append', texts: ['third'] });
    await b.hears(typed('acknowledged'));

    const from = a.told.length;
    a.tell({ type: 'append', texts: ['stale'] });
    a.child.kill('SIGCONT');
    const refused = await a.hears(typed('refused'), from);
    expect(['fenced', 'not-leader', 'timeout']).toContain(refused.code);
    await a.hears(is('follower'), from);
    b.tell({ type: 'append', texts: ['fourth'] });
    await b.hears(({ texts }) => texts?.[0] === 'fourth');
    expect(await equal([a, b, c])).toEqual(['first', 'second', 'third', 'fourth']);
    expect(a.told.some(({ texts, type }) => type === 'acknowledged' && texts![0] === 'stale')).toBe(
      false,
    );
    // What a wrote as an outdated leader is in an archive.
    if (refused.code !== 'not-leader') {
      expect((await a.content()).archived).toEqual(['stale']);
      expect(a.told.find(typed('rollback'))?.archive).toBeDefined();
    }
  });

  it('leaders that are killed one after another lose no acknowledged entry', async () => {
    const nodes = new Map<string, NodeProcess>();
    for (const name of VOTERS) {
      const seeds = [...nodes.values()].map(({ address }) => address);
      nodes.set(name, await launch(name, seeds));
    }
    const acknowledged: string[] = [];
    for (const [round, leader] of ['a', 'b', 'c', 'a'].entries()) {
      const chosen = nodes.get(leader)!;
      const from = chosen.told.length;
      choose(leader, round + 1, [...nodes.values()]);
      await chosen.hears(is('leader'), from);
      for (let i = 0; i < 50; i++) {
        chosen.tell({ type: 'append', texts: [`round ${round}, ${i}`] });
      }
      await chosen.hears(({ texts }) => texts?.[0] === `round ${round}, 20`, from);
      // While appends are waiting.
      chosen.child.kill('SIGKILL');
      await chosen.exited();
      for (const { type, texts } of chosen.told) {
        if (type === 'acknowledged') acknowledged.push(...texts!);
      }
      const others = [...nodes.values()].filter((one) => one !== chosen);
      const seeds = others.map(({ address }) => address);
      nodes.set(leader, await launch(leader, seeds, chosen.address));
    }
    const all = [...nodes.values()];
    choose('b', 9, all);
    await nodes.get('b')!.hears(is('leader'));
    nodes.get('b')!.tell({ type: 'append', texts: ['last'] });
    await nodes.get('b')!.hears(({ texts }) => texts?.[0] === 'last');
    const texts = await equal(all);
    expect(acknowledged.length).toBeGreaterThan(80);
    expect(texts).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(texts).size).toBe(texts.length);
  });
});
