import { describe, expect, it } from 'vitest';
import { Cluster } from './cluster.test-helper.ts';

/** A cluster of a, b and c that a leads, and d, which only follows. */
function withLearner(): Cluster {
  const cluster = new Cluster({ names: ['a', 'b', 'c'], seed: 1 });
  cluster.until(() => cluster.leaders().includes('a'));
  cluster.start('d');
  cluster.pass(1000);
  return cluster;
}

const voters = (cluster: Cluster, name = 'a'): string[] =>
  cluster.get(name).configuration!.voters.map((voter) => voter.name);

const change = (
  cluster: Cluster,
  request: { add?: string[]; remove?: string[] },
  leader = 'a',
): void => {
  cluster.call(leader, (core) => core.changeVoters({ ...request, timeout: 2000 }, cluster.now));
};

const ended = (cluster: Cluster, name = 'a'): unknown =>
  cluster.reports(name).findLast(({ type }) => type === 'votersChanged');

describe('changes of the voters', () => {
  it('add a node once it has caught up', () => {
    const cluster = withLearner();
    change(cluster, { add: ['d'] });
    expect(voters(cluster)).toEqual(['a', 'b', 'c']);
    cluster.until(() => ended(cluster) !== undefined);
    expect(ended(cluster)).toEqual({ type: 'votersChanged', error: undefined });
    cluster.until(() => voters(cluster, 'd').includes('d'));
    expect(voters(cluster)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('replace a node in two entries, the new one first', () => {
    const cluster = withLearner();
    change(cluster, { add: ['d'], remove: ['b'] });
    cluster.until(() => ended(cluster) !== undefined);
    expect(voters(cluster)).toEqual(['a', 'c', 'd']);
    const sizes = cluster
      .reports('a')
      .flatMap((report) =>
        report.type === 'configuration' ? [report.configuration!.voters.length] : [],
      );
    expect(sizes).toEqual([3, 4, 3]);
  });

  it('take a voter back that has lost its store', () => {
    const cluster = withLearner();
    cluster.crash('c');
    cluster.disks.set('c', { storeId: 'c-new', votedTerm: 0n, log: [] });
    cluster.start('c');
    cluster.pass(1000);
    expect(cluster.reports('a')).toContainEqual({
      type: 'otherStore',
      name: 'c',
      storeId: 'c-new',
    });
    change(cluster, { add: ['c'], remove: ['c'] });
    cluster.until(() => ended(cluster) !== undefined);
    const stores = cluster.get('a').configuration!.voters.map(({ storeId }) => storeId);
    expect(stores).toEqual(['a-store', 'b-store', 'c-new']);
  });

  it('end a leader that removes itself, once that is committed', () => {
    const cluster = withLearner();
    change(cluster, { remove: ['a'] });
    cluster.until(() => cluster.get('a').role !== 'leader');
    expect(cluster.reports('a')).toContainEqual(
      expect.objectContaining({ type: 'steppedDown', reason: 'removed' }),
    );
    cluster.until(() => cluster.leaders().length === 1);
    const [next] = cluster.leaders();
    expect(voters(cluster, next)).toEqual(['b', 'c']);
  });

  it('are given up if the new voter does not come', () => {
    const cluster = new Cluster({ names: ['a', 'b', 'c'], seed: 1 });
    cluster.until(() => cluster.leaders().includes('a'));
    change(cluster, { add: ['d'] });
    cluster.until(() => ended(cluster) !== undefined, 3000);
    const error = { code: 'timeout', missing: ['d'] };
    expect(ended(cluster)).toEqual({ type: 'votersChanged', error });
    expect(voters(cluster)).toEqual(['a', 'b', 'c']);
  });

  it('are given up if no majority of the new voters is alive', () => {
    const cluster = withLearner();
    cluster.crash('c');
    cluster.pass(1500);
    change(cluster, { remove: ['b'] });
    cluster.until(() => ended(cluster) !== undefined, 3000);
    const error = { code: 'timeout', missing: ['c'] };
    expect(ended(cluster)).toEqual({ type: 'votersChanged', error });
  });

  it.each([
    ['nothing', {}, 'argument'],
    ['adds a voter', { add: ['b'] }, 'argument'],
    ['removes a stranger', { remove: ['x'] }, 'argument'],
    ['names one twice', { add: ['d', 'd'] }, 'argument'],
    ['leaves no voter', { remove: ['a', 'b', 'c'] }, 'argument'],
    ['leaves none for a while', { add: ['a'], remove: ['a', 'b', 'c'] }, 'argument'],
  ])('are refused: one that %s', (_, request, code) => {
    const cluster = withLearner();
    expect(() => change(cluster, request)).toThrow(expect.objectContaining({ code }));
  });

  it('are refused at a follower, and while another one is under way', () => {
    const cluster = withLearner();
    const throws = (name: string): unknown => {
      try {
        change(cluster, { add: ['d'] }, name);
        return undefined;
      } catch (error) {
        return (error as { code: unknown }).code;
      }
    };
    expect(['b', 'a', 'a'].map(throws)).toEqual(['not-leader', undefined, 'busy']);
  });
});
