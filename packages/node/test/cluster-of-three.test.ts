import { MemoryLog } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import { fixedLeader, type NodeEvent } from '../src/index.ts';
import { epochOf } from '../src/votes/term.ts';
import { batch, commits, record, start, texts } from './nodes.test-helper.ts';

describe('a cluster of three', () => {
  it('finds its members, and replicates what the leader appends', async () => {
    const logs = [new MemoryLog(), new MemoryLog(), new MemoryLog()] as const;
    await using a = await start('a', { log: logs[0] });
    const seeds = [a.address];
    const applied: string[] = [];
    await using b = await start('b', {
      log: logs[1],
      seeds,
      onEntries: (entries) => {
        for (const { payload } of entries) applied.push(new TextDecoder().decode(payload));
      },
    });
    await using c = await start('c', { log: logs[2], seeds });
    await a.until(() => a.role === 'leader');
    const { first, last, term } = await a.append(batch(3), { acks: 3 });
    expect([first, last]).toEqual([2n, 4n]);
    expect(epochOf(term)).toBe(1n);
    expect(a.term).toBe(term);
    for (const node of [b, c]) {
      await node.until(() => node.role === 'follower');
      expect(node.leader).toBe('a');
      expect(node.term).toBe(term);
    }
    await b.until(() => b.members().some(({ name, role }) => name === 'a' && role === 'leader'));
    expect(applied).toEqual(['entry 0', 'entry 1', 'entry 2']);
    expect(logs[1].digest()).toBe(logs[0].digest());
    expect(logs[2].digest()).toBe(logs[0].digest());
    await expect(b.append(commits(1))).rejects.toMatchObject({ code: 'not-leader' });
  });

  it('continues with another leader, and the old one rejoins with an archive', async () => {
    const logs = [new MemoryLog(), new MemoryLog(), new MemoryLog()] as const;
    const a = await start('a', { log: logs[0] });
    const first = { seeds: [a.address] };
    const b = await start('b', { log: logs[1], ...first });
    const c = await start('c', { log: logs[2], ...first });
    await a.until(() => a.role === 'leader');
    await a.append(batch(3, 'acknowledged'));
    // a stops with entries that no other node has.
    await a.close();
    await logs[0].append(commits(2, 'lost'));
    await b.close();
    await using again = await start('b', {
      log: logs[1],
      seeds: [c.address],
      leadership: fixedLeader('b', 2),
    });
    await again.until(() => again.role === 'leader');
    await again.append(batch(2, 'later'));
    await using old = await start('a', { log: logs[0], seeds: [c.address] });
    const events = record(old);
    await old.until(() => old.role === 'follower');
    await again.append(commits(1, 'last'), { acks: 3 });
    expect(old.leader).toBe('b');
    expect(logs[0].digest()).toBe(logs[1].digest());
    expect(logs[2].digest()).toBe(logs[1].digest());
    expect(await texts(logs[0])).toEqual([
      ...['acknowledged 0', 'acknowledged 1', 'acknowledged 2'],
      ...['later 0', 'later 1', 'last 0'],
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'rollback', transactions: 2, leader: 'b' }),
    );
    await c.close();
  });
});

describe('admission', () => {
  it('keeps out whom the application does not admit, at whoever says so', async () => {
    await using a = await start('a', { admit: ({ name }) => name !== 'guest' });
    await using b = await start('b', { seeds: [a.address] });
    await using guest = await start('guest', { seeds: [b.address] });
    await b.until(() => b.members().length === 2);
    await guest.until(() => guest.members().length > 0);
    const refused = (): number => a.stats().membership.membersRefused;
    while (refused() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(a.members().map(({ name }) => name)).toEqual(['b']);
  });

  it('refuses whoever is further ahead than maxGenerationLead', async () => {
    // Everybody began later than a day before.
    await using a = await start('a', { maxGenerationLead: -24 * 60 * 60 * 1000 });
    await using b = await start('b');
    const rejected = new Promise((resolve) => a.membership.on('rejected', resolve));
    b.membership.announce(a.membership.identity);
    expect(await rejected).toMatchObject({ error: { code: 'generation' } });
  });
});

describe('two nodes with one name', () => {
  it('are reported to every node, once for each of them that joins', async () => {
    await using a = await start('a');
    await using witness = await start('witness', { seeds: [a.address] });
    const seen = { a: record(a), witness: record(witness) };
    type Conflict = Extract<NodeEvent, { type: 'nameConflict' }>;
    const conflicts = (events: NodeEvent[]): Conflict[] =>
      events.filter((event) => event.type === 'nameConflict');
    const twin = await start('a', { seeds: [witness.address] });
    const told = record(twin);
    const both = [a.address, twin.address];
    for (const [node, events] of [
      [a, seen.a],
      [witness, seen.witness],
      [twin, told],
    ] as const) {
      await node.until(() => conflicts(events).length > 0);
      const conflict = conflicts(events)[0]!;
      expect(conflict.name).toBe('a');
      expect([...conflict.addresses].sort()).toEqual(both.sort());
    }
    // A change of its metadata is not another conflict.
    twin.setMetadata(new Uint8Array([1]));
    const isTwin = ({ address }: { address: string }): boolean => address === twin.address;
    await witness.until(() => witness.members().find(isTwin)?.metadata.length === 1);
    await twin.leave();
    await witness.until(() => !witness.members().some(isTwin));
    expect(conflicts(seen.witness).length).toBe(1);
    await using _third = await start('a', { seeds: [witness.address] });
    await witness.until(() => conflicts(seen.witness).length === 2);
  });
});
