import { MemoryLog } from '@shoal/syncup';
import { MemoryNetwork } from '@shoal/testkit';
import { describe, expect, it } from 'vitest';
import { createNode, fixedLeader, startNode } from '../src/index.ts';
import { batch, commits, start } from './nodes.test-helper.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const bind = '127.0.0.1:0';

/** A log that cannot keep a vote. */
function withoutNotes(): MemoryLog {
  return Object.defineProperty(new MemoryLog(), 'notes', { value: undefined });
}

describe('options', () => {
  it.each([
    ['no name', { name: '' }],
    ['a name that is no text', { name: '\ud800' }],
    ['a long name', { name: 'n'.repeat(65) }],
    ['too much metadata', { metadata: new Uint8Array(129) }],
    ['a wildcard without an address', { bind: '0.0.0.0:0' }],
    ['a gateway to bind to', { bind: '127.0.0.1:1!tab' }],
    ['a leadership without a log', { leadership: fixedLeader('a') }],
    ['too many voters', { voters: Array.from({ length: 65 }, (_, i) => String(i)) }],
    ['a log without notes', { log: withoutNotes() }],
    ['a voter twice', { voters: ['a', 'a'] }],
    ['an unchained log', { log: new MemoryLog({ fingerprint: 'noxu' }) }],
    ['a label that is too long', { label: 'l'.repeat(256) }],
  ])('%s is refused, and nothing is left open', async (_name, wrong) => {
    await expect(createNode({ name: 'a', bind, ...wrong })).rejects.toEqual(code('argument'));
  });

  it('a port that is in use is reported', async () => {
    await using a = await start('a');
    await expect(start('b', { bind: a.address })).rejects.toEqual(code('in-use'));
  });

  it('a node without a log is only a member', async () => {
    await using a = await start('a', { metadata: Uint8Array.of(1, 2) });
    await using b = await start('b', { seeds: [a.address] });
    await b.active();
    await b.until(() => b.members().length === 1);
    expect(b.members()[0]).toMatchObject({
      name: 'a',
      role: 'member',
      term: 0n,
      address: a.address,
      streamAddress: a.address,
      metadata: Uint8Array.of(1, 2),
    });
    await expect(a.append(commits(1))).rejects.toEqual(code('not-leader'));
    a.setMetadata(Uint8Array.of(3));
    await b.until(() => b.members()[0]?.metadata[0] === 3);
    expect(a.stats()).toMatchObject({ role: 'member', term: 0n, pendingEntries: 0 });
    expect(() => a.setMetadata(new Uint8Array(129))).toThrow(code('argument'));
  });

  it('a signal closes the node', async () => {
    const stop = new AbortController();
    const a = await start('a', { signal: stop.signal });
    const reading = (async () => {
      for await (const _event of a.events());
    })();
    stop.abort();
    await reading;
    await a.close();
    expect(a.closed).toBe(true);
    await expect(a.until(() => false)).rejects.toEqual(code('closed'));
    const dead = await start('b', { signal: AbortSignal.abort() });
    await dead.close();
  });

  it('a leadership that throws is reported, and one that never ends does not keep a node open', async () => {
    const leadership = {
      choices: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('no idea')) }),
      }),
    };
    await using a = await start('a', { log: new MemoryLog(), leadership });
    const failed = await new Promise((resolve) => a.on('failed', resolve));
    expect(failed).toMatchObject({ error: { code: 'leadership' } });
    const endless = {
      choices: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
      }),
    };
    const b = await start('b', { log: new MemoryLog(), leadership: endless });
    await b.leave();
  });

  it('onOpen gets the log before anything changes, and can make the start fail', async () => {
    const log = new MemoryLog();
    const seen: string[] = [];
    const onOpen = async (found: { range: { last: bigint } }): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve));
      seen.push(`opened at ${found.range.last}`);
    };
    await using a = await start('a', { log, voters: ['a'], onOpen });
    a.on('role', ({ role }) => seen.push(role));
    await a.until(() => a.role === 'leader');
    expect(seen).toEqual(['opened at 0', 'leader']);
    const fails = { log, onOpen: () => Promise.reject(new Error('no such table')) };
    await expect(start('b', fails)).rejects.toThrow('no such table');
  });

  it('a voter needs a log that is empty, or says who votes', async () => {
    const log = new MemoryLog();
    await log.append(commits(2));
    await expect(start('a', { log, voters: ['a'] })).rejects.toEqual(code('argument'));
    // A node that does not vote gives up what others do not have.
    await using _b = await start('b', { log, voters: ['a'] });
  });

  it('streams are accepted at additional listeners', async () => {
    const network = new MemoryNetwork();
    const streams = (host: string): ReturnType<typeof network.createStreamTransport> =>
      network.createStreamTransport({ host });
    const bind = '10.0.0.1:1';
    const further = await streams('10.0.0.1').listen('10.0.0.1:2');
    await using a = await start('a', {
      log: new MemoryLog(),
      voters: ['a'],
      bind,
      webSocketAddress: further.address,
      transports: {
        datagrams: network.createDatagramTransport(bind),
        streams: streams('10.0.0.1'),
        listeners: [further],
      },
    });
    // Like a browser, which cannot dial the first listener.
    const log = new MemoryLog();
    await using tab = await startNode({
      name: 'tab',
      datagrams: network.createDatagramTransport('10.0.0.2:1'),
      streams: streams('10.0.0.2'),
      dials: 'websocket',
      seeds: [bind],
      log,
    });
    await a.until(() => a.role === 'leader');
    const exchanged = new Promise((resolve) => tab.membership.on('exchange', resolve));
    await a.append(batch(2));
    await tab.until(() => tab.role === 'follower');
    await tab.membership.exchange(a.membership.identity);
    expect(await exchanged).toMatchObject({ address: further.address });
    const applied = new Promise<void>((resolve) => {
      const look = (): unknown => (log.range.last === 3n ? resolve() : setTimeout(look, 5));
      look();
    });
    await applied;
  });

  it('a signal ends until()', async () => {
    await using a = await start('a');
    const stop = new AbortController();
    const waiting = expect(a.until(() => false, { signal: stop.signal })).rejects.toThrow('enough');
    stop.abort(new Error('enough'));
    await waiting;
    await expect(a.until(() => true, { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('a node needs no listeners, as in a browser', async () => {
    const network = new MemoryNetwork();
    await using tab = await startNode({
      name: 'tab',
      datagrams: network.createDatagramTransport('10.0.0.9:1'),
      streams: network.createStreamTransport({ host: '10.0.0.9' }),
      log: new MemoryLog(),
    });
    expect(tab.role).toBe('member');
    expect(tab.address).toBe('10.0.0.9:1');
  });
});
