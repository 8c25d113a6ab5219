import { MemoryLog } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import type { NodeEvent, NodeOptions, ShoalNode } from '../src/index.ts';
import { commits, record, start, texts } from './nodes.test-helper.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

/** Nodes that elect their leader. */
class Cluster implements AsyncDisposable {
  readonly nodes = new Map<string, ShoalNode>();
  readonly logs = new Map<string, MemoryLog>();

  static async of(...names: string[]): Promise<Cluster> {
    const cluster = new Cluster();
    for (const name of names) await cluster.start(name, { voters: names });
    await cluster.leader();
    return cluster;
  }

  async start(name: string, options: Partial<NodeOptions> = {}): Promise<ShoalNode> {
    const log = this.logs.get(name) ?? new MemoryLog();
    this.logs.set(name, log);
    const seeds = [...this.nodes.values()].map(({ address }) => address);
    const own = { log, seeds, leadership: undefined, voters: undefined };
    const node = await start(name, { ...own, ...options });
    this.nodes.set(name, node);
    return node;
  }

  /** The node that leads, once all nodes know it. */
  async leader(): Promise<ShoalNode> {
    const nodes = [...this.nodes.values()];
    const agree = (): boolean =>
      nodes.some(({ name, role }) => role === 'leader' && nodes.every((n) => n.leader === name));
    await Promise.any(nodes.map((node) => until(agree, node)));
    return nodes.find(({ role }) => role === 'leader')!;
  }

  followers(): ShoalNode[] {
    return [...this.nodes.values()].filter(({ role }) => role !== 'leader');
  }

  /** Stops a node without a goodbye. */
  async stop(node: ShoalNode): Promise<void> {
    this.nodes.delete(node.name);
    await node.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.close()));
  }
}

/** Not every change that a test waits for is an event of one node. */
async function until(holds: () => boolean, node?: ShoalNode): Promise<void> {
  while (!holds()) {
    if (node?.closed) throw new Error('closed');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const ofType = <T extends NodeEvent['type']>(
  events: readonly NodeEvent[],
  type: T,
): Extract<NodeEvent, { type: T }>[] =>
  events.filter((event) => event.type === type) as Extract<NodeEvent, { type: T }>[];

describe('voters that elect their leader', () => {
  it('elect another one when it is gone, who holds all that was acknowledged', async () => {
    await using cluster = await Cluster.of('a', 'b', 'c');
    const first = await cluster.leader();
    expect(first.voters).toEqual(['a', 'b', 'c']);
    for (let i = 0; i < 5; i++) await first.append(commits(1, String(i)));
    await cluster.stop(first);
    const second = await cluster.leader();
    expect(second.name).not.toBe(first.name);
    expect(second.term).toBeGreaterThan(first.term);
    await second.append(commits(1, 'next'));
    const again = await cluster.start(first.name);
    await again.until(() => again.role === 'follower');
    await second.append(commits(1, 'last'), { acks: 3 });
    expect(await texts(cluster.logs.get(first.name)!)).toEqual(
      ['0', '1', '2', '3', '4', 'next', 'last'].map((text) => `${text} 0`),
    );
  });

  it('found the cluster only once all of them are there', async () => {
    await using cluster = new Cluster();
    const voters = ['a', 'b', 'c'];
    const a = await cluster.start('a', { voters });
    await cluster.start('b', { voters });
    await a.until(() => a.members().length === 1);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(a.log!.range.last).toBe(0n);
    await cluster.start('c', { voters });
    await (await cluster.leader()).append(commits(1), { acks: 3 });
  });

  it('of two lists found nothing, and say why', async () => {
    await using cluster = new Cluster();
    const a = await cluster.start('a', { voters: ['a', 'b'] });
    const seen = record(a);
    await cluster.start('b', { voters: ['a', 'b', 'c'] });
    await a.until(() => ofType(seen, 'peerRefused').length > 0);
    expect(ofType(seen, 'peerRefused')[0]!.error).toMatchObject({
      code: 'other-cluster',
      message: 'b founds a cluster of other voters: give all of them the same list',
    });
    expect(a.log!.range.last).toBe(0n);
  });

  it('hand over to one of them, and lose no append', async () => {
    await using cluster = await Cluster.of('a', 'b', 'c');
    const first = await cluster.leader();
    const appends = Array.from({ length: 50 }, (_, i) => first.append(commits(1, String(i))));
    const to = cluster.followers()[1]!.name;
    await first.transferLeadership(to);
    await Promise.all(appends);
    const second = await cluster.leader();
    expect(second.name).toBe(to);
    await expect(second.transferLeadership('nobody')).rejects.toEqual(code('argument'));
    await expect(first.transferLeadership()).rejects.toEqual(code('not-leader'));
    await second.append(commits(1, 'after'), { acks: 3 });
    expect(await texts(cluster.logs.get('a')!)).toHaveLength(51);
  });

  it('get another leader before the one that leaves has gone', async () => {
    await using cluster = await Cluster.of('a', 'b', 'c');
    const first = await cluster.leader();
    const other = cluster.followers()[0]!;
    const seen = record(other);
    await first.leave();
    cluster.nodes.delete(first.name);
    await cluster.leader();
    // Nobody waited for an election timeout.
    const leaders = ofType(seen, 'leader').map(({ leader }) => leader);
    expect(leaders.at(-1)).not.toBe(first.name);
  });

  it('go on if one of them has lost its store, which they do not count', async () => {
    await using cluster = await Cluster.of('a', 'b', 'c');
    const leader = await cluster.leader();
    const wiped = cluster.followers()[0]!;
    await leader.append(commits(1, 'kept'));
    await cluster.stop(wiped);
    cluster.logs.delete(wiped.name);
    const seen = record(leader);
    const again = await cluster.start(wiped.name, { voters: ['a', 'b', 'c'] });
    await leader.until(() => ofType(seen, 'peerRefused').length > 0);
    expect(ofType(seen, 'peerRefused')[0]!.error).toMatchObject({
      code: 'other-store',
      message: expect.stringContaining(`changeVoters({ remove: ['${again.name}']`),
    });
    // It follows, but an append needs the other two.
    await until(() => again.log!.range.last === leader.log!.range.last);
    await leader.changeVoters({ remove: [again.name], add: [again.name] });
    expect(leader.voters).toEqual(['a', 'b', 'c']);
    const rest = cluster.followers().find((node) => node !== again)!;
    await cluster.stop(rest);
    await leader.append(commits(1, 'with the new store'));
  });
});

describe('a change of the voters', () => {
  it('replaces one while clients write, and the new ones elect', async () => {
    await using cluster = await Cluster.of('a', 'b', 'c');
    const leader = await cluster.leader();
    await leader.append(commits(1, 'first'));
    const d = await cluster.start('d');
    const gone = cluster.followers().find(({ name }) => name !== 'd')!;
    const seen = record(leader);
    const writing = (async () => {
      for (let i = 0; i < 50; i++) await leader.append(commits(1, String(i)));
    })();
    await leader.changeVoters({ add: ['d'], remove: [gone.name] });
    await writing;
    expect(leader.voters).toEqual(['a', 'b', 'c', 'd'].filter((name) => name !== gone.name));
    expect(ofType(seen, 'voters').map(({ voters }) => voters.length)).toEqual([4, 3]);
    await cluster.stop(gone);
    await cluster.stop(leader);
    const next = await cluster.leader();
    await next.append(commits(1, 'last'));
    expect(d.voters).toEqual(next.voters);
  });

  it('is refused if it makes no sense, and given up if who is needed is not there', async () => {
    await using cluster = await Cluster.of('a', 'b', 'c');
    const leader = await cluster.leader();
    const [other] = cluster.followers();
    await expect(leader.changeVoters({})).rejects.toEqual(code('argument'));
    await expect(leader.changeVoters({ add: ['a'] })).rejects.toEqual(code('argument'));
    await expect(leader.changeVoters({ remove: ['z'] })).rejects.toEqual(code('argument'));
    await expect(other!.changeVoters({ add: ['d'] })).rejects.toEqual(code('not-leader'));
    const many = Array.from({ length: 62 }, (_, i) => `n${i}`);
    await expect(leader.changeVoters({ add: many })).rejects.toEqual(code('argument'));
    const waiting = leader.changeVoters({ add: ['d'] }, { timeout: 500 });
    await expect(leader.changeVoters({ add: ['e'] })).rejects.toEqual(code('busy'));
    await expect(waiting).rejects.toMatchObject({
      code: 'timeout',
      message: 'the change of the voters took too long; missing: d',
    });
    expect(leader.voters).toEqual(['a', 'b', 'c']);
  });

  it('takes the leadership from a leader that it removes', async () => {
    await using cluster = await Cluster.of('a', 'b', 'c');
    const leader = await cluster.leader();
    await leader.changeVoters({ remove: [leader.name] });
    await leader.until(() => leader.role === 'follower');
    const next = await cluster.leader();
    expect(next.voters).not.toContain(leader.name);
    await next.append(commits(1), { acks: 2 });
  });
});

describe('a follower', () => {
  it('that hears nothing names no leader and no lag, and says for how long', async () => {
    await using cluster = await Cluster.of('a', 'b', 'c');
    const leader = await cluster.leader();
    const [one, other] = cluster.followers() as [ShoalNode, ShoalNode];
    await leader.append(commits(1), { acks: 3 });
    expect(one.stats()).toMatchObject({ lag: { entries: 0n } });
    expect(one.stats().leaderSilentFor).toBeLessThan(10_000);
    await Promise.all([cluster.stop(leader), cluster.stop(other)]);
    await one.until(() => one.leader === undefined);
    expect(one.stats().lag).toBeUndefined();
    const silent = one.stats().leaderSilentFor!;
    await until(() => one.stats().leaderSilentFor! > silent);
    expect(one.role).not.toBe('leader');
  });

  it('whose application hangs still votes and acknowledges', async () => {
    await using cluster = new Cluster();
    const voters = ['a', 'b', 'c'];
    const hang = (): Promise<void> => new Promise(() => {});
    for (const name of voters) await cluster.start(name, { voters, onEntries: hang });
    const first = await cluster.leader();
    await first.append(commits(1, 'first'), { acks: 3 });
    await cluster.stop(first);
    const second = await cluster.leader();
    await second.append(commits(1, 'second'));
    expect(await texts(cluster.logs.get(second.name)!)).toEqual(['first 0', 'second 0']);
  }, 20_000);

  it('whose application throws says so, and goes on storing and voting', async () => {
    await using cluster = new Cluster();
    const voters = ['a', 'b', 'c'];
    let calls = 0;
    const onEntries = (): never => {
      calls++;
      throw new Error('a bug');
    };
    const seen = new Map<string, NodeEvent[]>();
    for (const name of voters) {
      seen.set(name, record(await cluster.start(name, { voters, onEntries })));
    }
    const leader = await cluster.leader();
    for (let i = 0; i < 3; i++) await leader.append(commits(1), { acks: 3 });
    const [one] = cluster.followers();
    const failures = ofType(seen.get(one!.name)!, 'failed');
    expect(failures).toMatchObject([
      { error: { code: 'application', message: 'onEntries threw: a bug' } },
    ]);
    // Once at each follower.
    expect(calls).toBe(2);
  });
});
