import type { Grant, Message, Refusal } from '@shoal/consensus';
import { MemoryLog } from '@shoal/syncup';
import { startReplica } from '@shoal/syncup/driver';
import { MemoryNetwork } from '@shoal/testkit';
import { type Connection, dialService } from '@shoal/transport';
import { labelTag } from '@shoal/wire/internal';
import { describe, expect, it } from 'vitest';
import { fixedLeader, type NodeEvent, type ShoalNode } from '../src/index.ts';
import { decodeFrame, encodeFrame, SERVICES, termOf } from '../src/internal.ts';
import { batch, commits, record, start, texts } from './nodes.test-helper.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const LIFE = '0'.repeat(32);

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

  /** Three voters, which a leads. */
  async cluster(
    logs: readonly MemoryLog[] = [new MemoryLog(), new MemoryLog(), new MemoryLog()],
  ): Promise<{ a: ShoalNode; b: ShoalNode; c: ShoalNode } & AsyncDisposable> {
    const a = await this.start('a', { log: logs[0] });
    const b = await this.start('b', { log: logs[1], seeds: [a.address] });
    const c = await this.start('c', { log: logs[2], seeds: [a.address] });
    await a.until(() => a.role === 'leader');
    await a.append(commits(1), { acks: 3 });
    const close = async (): Promise<void> => {
      await Promise.all([a.close(), b.close(), c.close()]);
    };
    return { a, b, c, [Symbol.asyncDispose]: close };
  }

  dial(node: ShoalNode, service: string): Promise<Connection> {
    return dialService(this.stranger, node.address, service);
  }

  /** Asks for a vote as a node that is no member. Rejects if the connection ends first. */
  async ask(
    node: ShoalNode,
    term: bigint,
    { from = 'x', to = node.name, label = labelTag('shoal') } = {},
  ): Promise<Grant | Refusal> {
    const connection = await this.dial(node, SERVICES.consensus);
    try {
      const request: Message = { type: 'voteRequest', term, life: LIFE, logId: undefined };
      connection.send(encodeFrame({ type: 'hello', label, from, to }));
      connection.send(encodeFrame(request));
      for await (const frame of connection) {
        const answer = decodeFrame(frame);
        if (answer.type === 'grant' || answer.type === 'refusal') return answer;
      }
      throw new Error('no answer');
    } finally {
      await connection.close();
    }
  }
}

/** A log whose disk takes no more notes after the first. */
function fullDisk(error: Error): MemoryLog {
  const log = new MemoryLog();
  const { notes } = log;
  let count = 0;
  const set = (name: string, value: Uint8Array): Promise<void> =>
    count++ === 0 ? notes.set(name, value) : Promise.reject(error);
  return Object.defineProperty(log, 'notes', { value: { get: notes.get, set } });
}

const next = <T extends NodeEvent['type']>(node: ShoalNode, type: T): Promise<NodeEvent> =>
  new Promise((resolve) => node.on(type, resolve));

describe('a vote', () => {
  it('that cannot be stored is not granted, and the voter says why', async () => {
    const bench = new Bench();
    const full = new Error('no space left on device');
    const b = await bench.start('b', { log: fullDisk(full) });
    const failed = next(b, 'failed');
    const asking = bench.ask(b, 7n);
    const error = { code: 'log', cause: full };
    expect(await failed).toMatchObject({ error });
    // The node refuses lower terms all the same: the write may have succeeded.
    expect(b.stats().votedTerm).toBe(7n);
    await b.close();
    await expect(asking).rejects.toThrow();
  });

  it('tells where the log ends, and refuses lower terms, even after a restart', async () => {
    const bench = new Bench();
    const log = new MemoryLog();
    await log.append(commits(3));
    // Whoever is asked grants its vote, whether it is a voter or not.
    const d = await bench.start('d', { log });
    const granted = { type: 'grant', term: 7n, position: { term: 0n, index: 3n } };
    expect(await bench.ask(d, 7n)).toMatchObject(granted);
    // The same life of the same candidate may ask again.
    expect(await bench.ask(d, 7n)).toMatchObject(granted);
    const refused = { type: 'refusal', reason: 'voted', votedTerm: 7n };
    expect(await bench.ask(d, 7n, { from: 'y' })).toMatchObject(refused);
    expect(await bench.ask(d, 6n)).toMatchObject(refused);
    expect(await bench.ask(d, 9n)).toMatchObject({ type: 'grant', term: 9n });
    await d.close();
    await using again = await bench.start('d', { log });
    expect(again.stats().votedTerm).toBe(9n);
    expect(await bench.ask(again, 8n)).toMatchObject({ type: 'refusal', votedTerm: 9n });
  });

  it('in a later epoch fences the leader, which can then make nothing durable', async () => {
    const bench = new Bench();
    await using cluster = await bench.cluster();
    const { a, b } = cluster;
    const stepped = next(a, 'steppedDown');
    // a is not chosen in that epoch.
    expect(await bench.ask(b, termOf(2n, 0n))).toMatchObject({
      type: 'grant',
      position: { term: a.term, index: 2n },
    });
    expect(b.role).toBe('member');
    expect(await stepped).toMatchObject({ error: { code: 'fenced' } });
    expect(a.role).toBe('member');
    await expect(a.append(commits(1))).rejects.toEqual(code('not-leader'));
  });

  it('in the same epoch makes the leader stand again and win the voter back', async () => {
    const bench = new Bench();
    await using cluster = await bench.cluster();
    const { a, b } = cluster;
    await bench.ask(b, termOf(1n, 5n));
    await a.until(() => a.role === 'leader' && a.term > termOf(1n, 5n));
    await a.append(commits(1), { acks: 3 });
    expect(b.role).toBe('follower');
  });

  it('granted by a leader fences it at once', async () => {
    const bench = new Bench();
    await using cluster = await bench.cluster();
    const { a } = cluster;
    const waiting = Promise.allSettled([a.append(commits(1), { acks: 3 })]);
    const stepped = next(a, 'steppedDown');
    await bench.ask(a, termOf(3n, 0n));
    expect(await stepped).toMatchObject({ error: { code: 'fenced' } });
    const [{ status }] = await waiting;
    expect(['fulfilled', 'rejected']).toContain(status);
    expect(a.role).toBe('member');
  });

  it('is refused for another cluster or another voter', async () => {
    const bench = new Bench();
    await using b = await bench.start('b');
    const seen = record(b);
    await expect(bench.ask(b, 7n, { to: 'c' })).rejects.toThrow();
    await expect(bench.ask(b, 7n, { label: 1 })).rejects.toThrow();
    expect(b.stats().votedTerm).toBe(0n);
    const refused = seen.filter(({ type }) => type === 'peerRefused');
    expect(refused).toMatchObject([
      { error: { code: 'protocol' } },
      { error: { code: 'protocol' } },
    ]);
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
    expect(await bench.ask(b, 7n)).toMatchObject({ type: 'grant' });
  });
});

it('a node with the log of another cluster is refused by both, and reported', async () => {
  const bench = new Bench();
  await using cluster = await bench.cluster();
  const { a } = cluster;
  const own = { voters: ['x'], leadership: fixedLeader('x', 99) };
  // Founded apart, it joins by mistake.
  const log = new MemoryLog();
  const alone = await bench.start('x', { ...own, log });
  await alone.until(() => alone.role === 'leader');
  await alone.append(commits(1));
  await alone.close();
  const voted = a.stats().votedTerm;
  const refused = next(a, 'peerRefused');
  await using x = await bench.start('x', { ...own, log, seeds: [a.address] });
  await x.until(() => x.role === 'leader');
  // It makes itself known to the leaders that it sees.
  const { stranger } = bench;
  const connection = await dialService(stranger, a.address, SERVICES.consensus);
  connection.send(encodeFrame({ type: 'hello', label: labelTag('shoal'), from: 'x', to: 'a' }));
  const heartbeat = { type: 'heartbeat', term: x.term, commit: 2n, logId: LIFE } as const;
  connection.send(encodeFrame(heartbeat));
  expect(await refused).toMatchObject({ error: { code: 'other-cluster' } });
  expect(a.stats().votedTerm).toBe(voted);
  expect(a.role).toBe('leader');
  await connection.close();
});

describe('the log of a voter', () => {
  it('is served to the candidate that has its vote, from the store that voted', async () => {
    const bench = new Bench();
    const log = new MemoryLog();
    await log.append(commits(3));
    await using d = await bench.start('d', { log });
    const copy = (term: bigint, name: string, storeId: string): ReturnType<typeof startReplica> =>
      startReplica({
        log: new MemoryLog(),
        name,
        label: `shoal/${storeId}`,
        term,
        reconnect: false,
        dial: () => bench.dial(d, SERVICES.source),
      });
    await expect(copy(7n, 'x', LIFE).finished).rejects.toThrow();
    const { storeId } = await bench.ask(d, 7n);
    await expect(copy(7n, 'y', storeId).finished).rejects.toEqual(code('refused'));
    await expect(copy(7n, 'x', LIFE).finished).rejects.toEqual(code('label'));
    const replica = copy(7n, 'x', storeId);
    await replica.applied(3n);
    await replica.close();
    await expect(copy(8n, 'x', storeId).finished).rejects.toEqual(code('stale-term'));
  });

  it('is taken over by the candidate if it is ahead', async () => {
    const bench = new Bench();
    const logs = [new MemoryLog(), new MemoryLog(), new MemoryLog()] as const;
    const { a, b, c } = await bench.cluster(logs);
    await c.close();
    await a.append(batch(5, 'acknowledged'));
    await a.close();
    // c lacks entries that were acknowledged by b.
    const leadership = fixedLeader('c', 2);
    const seeds = [b.address];
    await using again = await bench.start('c', { log: logs[2], seeds, leadership });
    await again.until(() => again.role === 'leader');
    await again.append(commits(1, 'more'));
    expect(await texts(logs[2])).toHaveLength(7);
    expect(logs[1].digest()).toBe(logs[2].digest());
    await b.close();
  });

  it('loses an unfinished batch at its end before the node leads', async () => {
    const bench = new Bench();
    const log = new MemoryLog();
    const first = await bench.start('a', { log, voters: ['a'] });
    await first.until(() => first.role === 'leader');
    await first.close();
    await log.append([...commits(2), { type: 0, payload: Uint8Array.of(1) }]);
    const undone: bigint[] = [];
    await using a = await bench.start('a', {
      log,
      voters: ['a'],
      onRollback: ({ matchpoint, discarded }) => {
        undone.push(matchpoint, discarded.first, discarded.last);
      },
    });
    await a.until(() => a.role === 'leader' && undone.length > 0);
    expect(undone).toEqual([3n, 4n, 4n]);
    expect(log.range.last).toBe(4n);
  });
});
