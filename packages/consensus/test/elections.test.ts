import { describe, expect, it } from 'vitest';
import { Cluster, type ClusterOptions } from './cluster.test-helper.ts';

const ABC = ['a', 'b', 'c'];

/** A cluster that has a leader whose term is committed. */
function settled(options: Partial<ClusterOptions> = {}): { cluster: Cluster; leader: string } {
  const cluster = new Cluster({ names: ABC, seed: 1, ...options });
  cluster.until(() => cluster.leaders().length === 1);
  const [leader] = cluster.leaders();
  cluster.until(() => [...cluster.processes.keys()].every((n) => cluster.get(n).commit > 0n));
  return { cluster, leader: leader! };
}

/** What a node takes for committed; nothing while it is down. */
const committedOf = (cluster: Cluster, name: string): string[] =>
  cluster.processes.has(name) ? cluster.committed(name) : [];

const others = (leader: string, names: readonly string[] = ABC): string[] =>
  names.filter((name) => name !== leader);

describe('a new cluster', () => {
  it('is founded by its first voter once all are there', () => {
    const cluster = new Cluster({ names: ABC, seed: 1 });
    cluster.crash('c');
    cluster.pass(20_000);
    expect(cluster.leaders()).toEqual([]);
    cluster.start('c');
    cluster.until(() => cluster.leaders().length === 1);
    expect(cluster.leaders()).toEqual(['a']);
    const names = cluster.get('a').configuration?.voters.map(({ name }) => name);
    expect(names).toEqual(ABC);
  });

  it('of one voter needs nobody else', () => {
    const cluster = new Cluster({ names: ['a'], seed: 1 });
    cluster.until(() => cluster.get('a').commit === 2n);
    cluster.append('a', 'x');
    expect(cluster.committed('a')).toEqual(['x']);
  });

  it('is not founded from lists that differ', () => {
    const cluster = new Cluster({ names: ABC, seed: 1 });
    const request = {
      ...({ type: 'voteRequest', term: 1n, life: 'x', logId: undefined } as const),
      founding: ['a', 'b', 'd'],
    };
    cluster.call('b', (core) => core.receive('a', request, 0));
    expect(cluster.reports('b')).toEqual([{ type: 'refused', name: 'a', reason: 'other-voters' }]);
    expect(cluster.get('b').votedTerm).toBe(0n);
  });
});

describe('elections', () => {
  it('replace a leader that has crashed, and keep what is committed', () => {
    const { cluster, leader } = settled();
    cluster.append(leader, 'x');
    cluster.until(() => cluster.committed(leader).length === 1);
    cluster.crash(leader);
    cluster.until(() => cluster.leaders().length === 1, 5000);
    const [next] = cluster.leaders();
    expect(next).not.toBe(leader);
    cluster.until(() => cluster.committed(next!).includes('x'));
  });

  it('come soon after the stream of the leader has broken', () => {
    const { cluster, leader } = settled();
    cluster.crash(leader);
    for (const name of others(leader)) {
      cluster.call(name, (core) => core.suspectLeader(leader, cluster.now));
      expect(cluster.get(name).leader).toBeUndefined();
    }
    cluster.until(() => cluster.leaders().length === 1, 400);
  });

  it('do not happen while the leader is heard, though a stream has broken', () => {
    const { cluster, leader } = settled();
    const term = cluster.get(leader).votedTerm;
    const [one] = others(leader);
    cluster.call(one!, (core) => core.suspectLeader(leader, cluster.now));
    cluster.pass(10_000);
    expect(cluster.get(leader).votedTerm).toBe(term);
    expect(cluster.leaders()).toEqual([leader]);
  });

  it('do not happen in an hour at rest', () => {
    const { cluster, leader } = settled();
    const term = cluster.get(leader).votedTerm;
    cluster.pass(3_600_000);
    expect(cluster.get(leader).votedTerm).toBe(term);
  });

  it('do not follow from the return of a node that was cut off', () => {
    const { cluster, leader } = settled();
    const term = cluster.get(leader).votedTerm;
    const [one] = others(leader);
    cluster.cutOff.add(one!);
    cluster.pass(30_000);
    expect(cluster.get(one!).votedTerm).toBe(term);
    cluster.cutOff.delete(one!);
    cluster.pass(10_000);
    expect(cluster.leaders()).toEqual([leader]);
    expect(cluster.get(leader).votedTerm).toBe(term);
  });

  it('are won by one that is behind: it takes over the log of a voter', () => {
    const { cluster, leader } = settled();
    const [ahead, behind] = others(leader);
    cluster.cutOff.add(behind!);
    cluster.append(leader, 'x');
    cluster.until(() => cluster.committed(leader).length === 1);
    cluster.crash(leader);
    cluster.cutOff.delete(behind!);
    cluster.call(behind!, (core) => core.campaign(cluster.now));
    cluster.until(() => cluster.leaders().includes(behind!), 1000);
    cluster.until(() => cluster.committed(behind!).includes('x'));
    expect(cluster.get(ahead!).leader).toBe(behind);
  });

  it('end with a leader and equal logs after random crashes and cuts, seeds 1 to 300', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const names = ['a', 'b', 'c', 'd', 'e'];
      const { cluster } = settled({ names, seed, loss: 0.1 });
      for (let i = 0; i < 20; i++) {
        const name = names[Math.floor(cluster.random() * names.length)]!;
        if (cluster.processes.has(name) && cluster.processes.size > 3) cluster.crash(name);
        else if (!cluster.processes.has(name)) cluster.start(name);
        else if (cluster.cutOff.delete(name) === false && cluster.cutOff.size < 2) {
          cluster.cutOff.add(name);
        }
        for (const leader of cluster.leaders()) cluster.append(leader, `${seed} ${i}`);
        cluster.pass(cluster.random() * 2000);
        const longest = names
          .map((n) => committedOf(cluster, n))
          .sort((a, b) => b.length - a.length);
        for (const log of longest)
          expect(longest[0]!.slice(0, log.length), `seed ${seed}`).toEqual(log);
      }
      cluster.cutOff.clear();
      for (const name of names) if (!cluster.processes.has(name)) cluster.start(name);
      // An election may be under way, whose end would cut off what the leader before appends.
      cluster.pass(10_000);
      expect(cluster.leaders(), `seed ${seed}`).toHaveLength(1);
      cluster.append(cluster.leaders()[0]!, 'end');
      cluster.until(() => names.every((name) => cluster.committed(name).includes('end')), 20_000);
      const logs = names.map((name) => cluster.committed(name));
      for (const log of logs) expect(log, `seed ${seed}`).toEqual(logs[0]);
    }
  });
});

describe('a leader', () => {
  it('steps down without a majority, and says so', () => {
    const { cluster, leader } = settled();
    cluster.cutOff.add(leader);
    cluster.pass(1500);
    expect(cluster.get(leader).role).not.toBe('leader');
    const { votedTerm: term } = cluster.get(leader);
    const reason = 'no-majority';
    expect(cluster.reports(leader)).toContainEqual({ type: 'steppedDown', term, reason });
  });

  it('hands over to another voter without a wait', () => {
    const { cluster, leader } = settled();
    const [to] = others(leader);
    cluster.append(leader, 'x');
    cluster.call(leader, (core) =>
      core.transferLeadership({ to: to!, timeout: 1000 }, cluster.now),
    );
    expect(cluster.get(leader).acceptsProposals).toBe(false);
    cluster.until(() => cluster.get(to!).acceptsProposals, 500);
    cluster.until(() => cluster.committed(to!).includes('x'), 500);
  });

  it('does not outrun the target, which refuses its heartbeats by then', () => {
    const { cluster, leader } = settled();
    const [to] = others(leader);
    const { votedTerm: term } = cluster.get(leader);
    const transfer = { to: to!, timeout: 1000 };
    cluster.call(leader, (core) => core.transferLeadership(transfer, cluster.now));
    const storeId = `${to}-store`;
    const refusal = {
      type: 'refusal',
      term,
      reason: 'voted',
      votedTerm: term + 1n,
      storeId,
    } as const;
    cluster.call(leader, (core) => core.receive(to!, refusal, cluster.now));
    expect(cluster.get(leader).role).toBe('follower');
    expect(cluster.get(leader).votedTerm).toBe(term);
    cluster.until(() => cluster.get(to!).acceptsProposals, 500);
    expect(cluster.get(to!).votedTerm).toBe(term + 1n);
  });

  it('goes on to lead if the target does not take over in time', () => {
    const { cluster, leader } = settled();
    const [to] = others(leader);
    cluster.cutOff.add(to!);
    cluster.append(leader, 'x');
    cluster.call(leader, (core) => core.transferLeadership({ to: to!, timeout: 500 }, cluster.now));
    cluster.until(() => cluster.get(leader).acceptsProposals, 1000);
    expect(cluster.reports(leader)).toContainEqual({ type: 'transferFailed', to });
  });

  it.each([
    ['a stranger', 'd', 'argument'],
    ['itself', 'self', 'argument'],
  ])('does not hand over to %s', (_, to, code) => {
    const { cluster, leader } = settled();
    const name = to === 'self' ? leader : to;
    const transfer = (): void =>
      cluster.get(leader).transferLeadership({ to: name, timeout: 1 }, cluster.now);
    expect(transfer).toThrow(expect.objectContaining({ code }));
  });

  it('is deposed by a later vote of a voter, not by that of a stranger', () => {
    const { cluster, leader } = settled();
    const term = cluster.get(leader).votedTerm;
    const [voter] = others(leader);
    const refusal = { type: 'refusal', term, reason: 'voted', votedTerm: term + 7n } as const;
    for (const [from, storeId] of [
      ['x', 'x-store'],
      [voter!, 'x-store'],
    ] as const) {
      cluster.call(leader, (core) => core.receive(from, { ...refusal, storeId }, cluster.now));
      expect(cluster.get(leader).role).toBe('leader');
    }
    const storeId = `${voter}-store`;
    cluster.call(leader, (core) => core.receive(voter!, { ...refusal, storeId }, cluster.now));
    expect(cluster.get(leader).votedTerm).toBe(term + 8n);
  });
});

describe('voters', () => {
  it('may be called anything', () => {
    const names = ['constructor', '__proto__', 'toString'];
    const cluster = new Cluster({ names, seed: 1 });
    cluster.until(() => cluster.leaders().length === 1, 10_000);
    const [leader] = cluster.leaders();
    cluster.append(leader!, 'x');
    cluster.until(() => names.every((name) => cluster.committed(name).includes('x')), 5000);
  });

  it('whose terms are far apart elect a leader in the end', () => {
    const cluster = new Cluster({ names: ABC, seed: 1 });
    cluster.until(() => cluster.leaders().length === 1, 10_000);
    for (const [i, name] of ABC.entries()) {
      for (let step = 0; step <= 2 * i; step++) {
        const term = cluster.get(name).votedTerm + 2n ** 44n;
        const request = { type: 'voteRequest', term, life: 'x', logId: undefined } as const;
        cluster.call(name, (core) => core.receive('x', request, cluster.now));
      }
    }
    cluster.until(
      () => cluster.leaders().some((name) => cluster.get(name).acceptsProposals),
      60_000,
    );
    const leader = cluster.leaders().at(-1)!;
    cluster.append(leader, 'x');
    cluster.until(() => ABC.every((name) => cluster.committed(name).includes('x')), 10_000);
  });
});

describe('a node refuses', () => {
  it('terms that cannot exist', () => {
    const { cluster, leader } = settled();
    const [name] = others(leader);
    const term = 1n << 63n;
    const request = { type: 'voteRequest', term, life: 'x', logId: 'log' } as const;
    const before = cluster.get(name!).save();
    cluster.call(name!, (core) => core.receive('x', request, cluster.now));
    const heartbeat = { type: 'heartbeat', term, commit: 0n, logId: 'log' } as const;
    cluster.call(name!, (core) => core.receive('x', heartbeat, cluster.now));
    expect(cluster.get(name!).save()).toEqual(before);
    const report = { type: 'refused', name: 'x', reason: 'impossible-term' };
    expect(cluster.reports(name!).slice(-2)).toEqual([report, report]);
  });

  it('leaders and candidates of another log', () => {
    const { cluster, leader } = settled();
    const [name] = others(leader);
    const term = cluster.get(name!).votedTerm + 1n;
    const before = cluster.get(name!).save();
    const request = { type: 'voteRequest', term, life: 'x', logId: 'another' } as const;
    cluster.call(name!, (core) => core.receive('x', request, cluster.now));
    const heartbeat = { type: 'heartbeat', term, commit: 0n, logId: 'another' } as const;
    cluster.call(name!, (core) => core.receive('x', heartbeat, cluster.now));
    expect(cluster.get(name!).save()).toEqual(before);
    expect(cluster.reports(name!).at(-1)).toMatchObject({ type: 'refused', reason: 'other-log' });
  });
});

describe('a follower', () => {
  it('no longer names a leader that is silent, also if it may not vote', () => {
    const { cluster, leader } = settled();
    cluster.start('d');
    cluster.until(() => cluster.get('d').leader === leader);
    for (const name of ABC) cluster.crash(name);
    cluster.pass(3000);
    expect(cluster.get('d').leader).toBeUndefined();
    expect(cluster.get('d').leaderHeard).toBeUndefined();
    expect(cluster.reports('d')).toContainEqual({ type: 'leaderSilent', leader });
  });
});

describe('a choice from outside', () => {
  const chosen = { elections: 'chosen' } as const;
  const first = { first: 16n, last: 31n };

  it('makes a node lead in its terms, and another one after it', () => {
    const cluster = new Cluster({ names: ABC, seed: 1, options: chosen });
    cluster.pass(10_000);
    expect(cluster.leaders()).toEqual([]);
    cluster.call('a', (core) => core.choose(first, cluster.now));
    cluster.until(() => cluster.leaders().includes('a'));
    expect(cluster.get('a').votedTerm).toBe(16n);
    // The same choice again changes nothing.
    cluster.call('a', (core) => core.choose(first, cluster.now));
    cluster.pass(1000);
    expect(cluster.get('a').votedTerm).toBe(16n);

    cluster.call('a', (core) => core.choose(undefined, cluster.now));
    cluster.call('b', (core) => core.choose({ first: 32n, last: 47n }, cluster.now));
    cluster.until(() => cluster.leaders().includes('b'));
    expect(cluster.get('b').votedTerm).toBe(32n);
    const stepDown = { type: 'steppedDown', term: 16n, reason: 'not-chosen' };
    expect(cluster.reports('a')).toContainEqual(stepDown);
  });

  it('of a node that is no voter is reported', () => {
    const cluster = new Cluster({ names: ABC, seed: 1, options: chosen });
    cluster.call('a', (core) => core.choose(first, cluster.now));
    cluster.until(() => cluster.leaders().includes('a'));
    cluster.start('d');
    cluster.call('d', (core) => core.choose({ first: 32n, last: 47n }, cluster.now));
    cluster.pass(3000);
    expect(cluster.reports('d')).toContainEqual({ type: 'chosenButNoVoter' });
    expect(cluster.leaders()).toEqual(['a']);
  });

  it('of terms that have passed is reported', () => {
    const cluster = new Cluster({ names: ABC, seed: 1, options: chosen });
    cluster.call('a', (core) => core.choose({ first: 32n, last: 47n }, cluster.now));
    cluster.until(() => cluster.leaders().includes('a'));
    cluster.call('b', (core) => core.choose(first, cluster.now));
    cluster.pass(1000);
    expect(cluster.reports('b')).toContainEqual({ type: 'choicePassed', votedTerm: 32n });
    expect(cluster.leaders()).toEqual(['a']);
  });
});

it('a leader that resigns, for its log has failed, says so; another one is elected', () => {
  const { cluster, leader } = settled();
  const { votedTerm: term } = cluster.get(leader);
  cluster.call(leader, (core) => core.resign(cluster.now));
  const stepDown = { type: 'steppedDown', term, reason: 'resigned' };
  expect(cluster.reports(leader)).toContainEqual(stepDown);
  cluster.until(() => cluster.leaders().length === 1, 10_000);
  expect(cluster.get(cluster.leaders()[0]!).votedTerm).toBeGreaterThan(term);
});
