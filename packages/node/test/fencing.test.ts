import { MemoryLog } from '@shoal/syncup';
import { startReplica } from '@shoal/syncup/driver';
import { MemoryNetwork } from '@shoal/testkit';
import { type Connection, dialService } from '@shoal/transport';
import { labelTag } from '@shoal/wire/internal';
import { describe, expect, it } from 'vitest';
import { fixedLeader, type ShoalNode } from '../src/index.ts';
import { SERVICES } from '../src/services.ts';
import { termOf } from '../src/votes/term.ts';
import type { VoteReply, VoteRequest } from '../src/votes/vote-message.ts';
import { requestVote } from '../src/votes/vote-service.ts';
import { memoryVoteStore, type VoteStore } from '../src/votes/vote-store.ts';
import { batch, commits, start, texts } from './nodes.test-helper.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

/** Nodes on a network in memory, and a stranger that dials them. */
class Bench {
  readonly network = new MemoryNetwork();
  readonly stranger = this.network.createStreamTransport({ host: '10.0.0.99' });
  #hosts = 0;

  start(name: string, options: Parameters<typeof start>[1] = {}): Promise<ShoalNode> {
    const bind = `10.0.0.${++this.#hosts}:7946`;
    return start(name, {
      log: new MemoryLog(),
      bind,
      transports: {
        datagrams: this.network.createDatagramTransport(bind),
        streams: this.network.createStreamTransport({ host: bind.split(':')[0]! }),
      },
      ...options,
    });
  }

  dial(node: ShoalNode, service: string): Promise<Connection> {
    return dialService(this.stranger, node.address, service);
  }

  async ask(node: ShoalNode, term: bigint, other: Partial<VoteRequest> = {}): Promise<VoteReply> {
    const label = labelTag('shoal');
    const request = { type: 'request', label, term, candidate: 'c', voter: node.name } as const;
    const { signal } = new AbortController();
    const connection = await this.dial(node, SERVICES.vote);
    return requestVote(connection, { ...request, ...other }, { timeout: 5000, signal });
  }
}

describe('a vote', () => {
  it('that cannot be stored is not granted, and the voter says why', async () => {
    const bench = new Bench();
    const full = new Error('no space left on device');
    const voteStore: VoteStore = {
      read: async () => 0n,
      write: () => Promise.reject(full),
    };
    const b = await bench.start('b', { voteStore });
    const failed = b.events();
    await expect(bench.ask(b, 7n)).rejects.toThrow();
    for await (const event of failed) {
      if (event.type !== 'failed') continue;
      expect(event.error).toMatchObject({ code: 'log', cause: full });
      expect(event.error.message).toBe('b could not store its vote for c: no space left on device');
      break;
    }
    await b.close();
  });

  it('tells where the log ends, and refuses lower terms, even after a restart', async () => {
    const bench = new Bench();
    const log = new MemoryLog();
    await log.append(commits(3));
    const voteStore: VoteStore = memoryVoteStore();
    const b = await bench.start('b', { log, voteStore });
    const granted = { granted: true, votedTerm: 7n, position: { term: 0n, last: 3n } };
    expect(await bench.ask(b, 7n)).toMatchObject(granted);
    expect(await bench.ask(b, 7n)).toMatchObject({ granted: false, votedTerm: 7n });
    expect(await bench.ask(b, 6n)).toMatchObject({ granted: false, votedTerm: 7n });
    expect(await bench.ask(b, 9n)).toMatchObject({ granted: true, votedTerm: 9n });
    await b.close();
    await using again = await bench.start('b', { log, voteStore });
    expect(again.stats().votedTerm).toBe(9n);
    expect(await bench.ask(again, 8n)).toMatchObject({ granted: false, votedTerm: 9n });
  });

  it('is not granted before it is on disk', async () => {
    const bench = new Bench();
    const voteStore: VoteStore = {
      read: async () => 0n,
      write: () => Promise.reject(new Error('the disk is full')),
    };
    await using b = await bench.start('b', { voteStore });
    await expect(bench.ask(b, 7n)).rejects.toThrow();
    // The node refuses lower terms all the same: the write may have succeeded.
    expect(b.stats().votedTerm).toBe(7n);
  });

  it('ends the stream from an older leader, which can then make nothing durable', async () => {
    const bench = new Bench();
    const logs = [new MemoryLog(), new MemoryLog()] as const;
    await using a = await bench.start('a', { log: logs[0] });
    await using b = await bench.start('b', { log: logs[1], seeds: [a.address] });
    await a.until(() => a.role === 'leader');
    await a.append(commits(1));
    // A term of the next epoch, which a does not know.
    const { position } = await bench.ask(b, termOf(2n, 0n));
    expect(position).toEqual({ term: a.term, last: 2n });
    expect(b.role).toBe('member');
    await expect(a.append(commits(1), { timeout: 200 })).rejects.toEqual(code('timeout'));
    expect(await texts(logs[1])).toEqual(['entry 0']);
  });

  it('in the same epoch makes the leader stand again and win the voter back', async () => {
    const bench = new Bench();
    await using a = await bench.start('a');
    await using b = await bench.start('b', { seeds: [a.address] });
    await a.until(() => a.role === 'leader');
    await a.append(commits(1));
    const before = a.term;
    await bench.ask(b, termOf(1n, 5n));
    await a.until(() => a.role === 'leader' && a.term > termOf(1n, 5n));
    expect(a.term > before).toBe(true);
    await a.append(commits(1));
    expect(b.role).toBe('follower');
  });

  it('granted by a leader fences it at once', async () => {
    const bench = new Bench();
    await using a = await bench.start('a');
    await a.until(() => a.stats().votedTerm > 0n);
    const b = await bench.start('b', { seeds: [a.address] });
    await a.until(() => a.role === 'leader');
    await b.close();
    const waiting = expect(a.append(commits(1))).rejects.toEqual(code('fenced'));
    const stepped = new Promise((resolve) => a.on('steppedDown', resolve));
    await bench.ask(a, termOf(3n, 0n));
    await waiting;
    expect(await stepped).toMatchObject({ error: { code: 'fenced' } });
    expect(a.role).toBe('member');
  });

  it('is refused for another cluster or another voter, and granted to whoever asks', async () => {
    const bench = new Bench();
    await using b = await bench.start('b');
    await expect(bench.ask(b, 7n, { voter: 'c' })).rejects.toThrow();
    await expect(bench.ask(b, 7n, { label: 1 })).rejects.toThrow();
    expect(b.stats().votedTerm).toBe(0n);
    // The voters may have changed since b last heard of them.
    expect(await bench.ask(b, 7n, { candidate: 'd' })).toMatchObject({ granted: true });
  });

  it('is not granted to garbage, which does no harm', async () => {
    const bench = new Bench();
    await using b = await bench.start('b');
    for (const service of Object.values(SERVICES)) {
      for (const garbage of [new Uint8Array(0), new Uint8Array(4096).fill(255)]) {
        const connection = await bench.dial(b, service);
        connection.send(garbage);
        const ended = (async () => {
          for await (const _frame of connection);
        })();
        await ended.catch(() => undefined);
        await connection.close();
      }
    }
    expect(b.stats().votedTerm).toBe(0n);
    expect(b.log!.range.last).toBe(0n);
    expect(await bench.ask(b, 7n)).toMatchObject({ granted: true });
  });
});

it('a leader that is not a voter is not followed', async () => {
  const bench = new Bench();
  const own = { voters: ['x'], leadership: fixedLeader('x', 99) };
  await using x = await bench.start('x', own);
  await x.until(() => x.role === 'leader');
  await using b = await bench.start('b', { seeds: [x.address] });
  await b.until(() => b.members().some(({ role }) => role === 'leader'));
  await using _a = await bench.start('a', { seeds: [x.address] });
  await b.until(() => b.leader === 'a');
  expect(b.stats().votedTerm < x.term).toBe(true);
});

describe('the log of a voter', () => {
  it('is served to the candidate that has its vote, and not before', async () => {
    const bench = new Bench();
    const log = new MemoryLog();
    await log.append(commits(3));
    await using b = await bench.start('b', { log });
    const copy = (term: bigint, name = 'c'): ReturnType<typeof startReplica> =>
      startReplica({
        log: new MemoryLog(),
        name,
        label: 'shoal',
        term,
        reconnect: false,
        dial: () => bench.dial(b, SERVICES.source),
      });
    await expect(copy(7n).finished).rejects.toThrow();
    await bench.ask(b, 7n);
    await expect(copy(7n, 'd').finished).rejects.toEqual(code('refused'));
    const replica = copy(7n);
    await replica.applied(3n);
    await replica.close();
    await expect(copy(8n).finished).rejects.toEqual(code('stale-term'));
  });

  it('is taken over by the candidate if it is ahead', async () => {
    const bench = new Bench();
    const logs = [new MemoryLog(), new MemoryLog(), new MemoryLog()] as const;
    const a = await bench.start('a', { log: logs[0] });
    const b = await bench.start('b', { log: logs[1], seeds: [a.address] });
    await a.until(() => a.role === 'leader');
    await a.append(batch(5, 'acknowledged'));
    await a.close();
    // c has no entries; those of b were acknowledged.
    const leadership = fixedLeader('c', 2);
    await using c = await bench.start('c', { log: logs[2], seeds: [b.address], leadership });
    await c.until(() => c.role === 'leader');
    await c.append(commits(1, 'more'));
    expect(await texts(logs[2])).toHaveLength(6);
    expect(logs[1].digest()).toBe(logs[2].digest());
    await b.close();
  });

  it('loses an unfinished batch at its end before the node leads', async () => {
    const bench = new Bench();
    const log = new MemoryLog();
    await log.append([...commits(2), { type: 0, payload: Uint8Array.of(1) }]);
    const undone: bigint[] = [];
    await using a = await bench.start('a', {
      log,
      voters: ['a'],
      onRollback: ({ matchpoint, discarded }) => {
        undone.push(matchpoint, discarded.first, discarded.last);
      },
    });
    await a.until(() => a.role === 'leader');
    expect(undone).toEqual([2n, 3n, 3n]);
    expect(log.range.last).toBe(3n);
  });
});
