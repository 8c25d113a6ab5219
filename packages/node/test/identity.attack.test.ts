import { randomBytes } from 'node:crypto';
import { startMembership } from '@shoal/membership/driver';
import { MemoryLog } from '@shoal/syncup';
import { startReplica } from '@shoal/syncup/driver';
import { dialService, type StreamTransport } from '@shoal/transport';
import {
  createKeyringTransport,
  createTcpTransport,
  createTlsTransport,
  createUdpTransport,
  encryptDatagrams,
  Keyring,
  type TlsOptions,
} from '@shoal/transport-node';
import { describe, expect, it } from 'vitest';
import {
  createTestAuthority,
  type TestAuthority,
} from '../../transport-node/src/tls/certificates.test-helper.ts';
import type { NodeOptions, ShoalNode } from '../src/index.ts';
import { SERVICES, termOf } from '../src/internal.ts';
import { PATIENT } from './attacker.test-helper.ts';
import { askForVote, storesOfVoters, tell } from './consensus-peer.test-helper.ts';
import { commits, record, start } from './nodes.test-helper.ts';

const key = randomBytes(32);

/** Follows the log of a node as anybody could, under any name. Rejects if it is refused. */
async function followAs(name: string, transport: StreamTransport, node: ShoalNode): Promise<void> {
  const replica = startReplica({
    log: new MemoryLog(),
    name,
    label: 'shoal',
    durable: true,
    reconnect: false,
    dial: ({ signal }) => dialService(transport, node.address, SERVICES.log, { signal }),
  });
  try {
    await Promise.race([
      replica.finished,
      new Promise<void>((resolve) => replica.on('streaming', () => resolve())),
    ]);
    await replica.applied(node.log!.range.last);
  } finally {
    await replica.close();
  }
}

/**
 * Follows the log of the leader as voter `b`, which is gone, and acknowledges what it appends. An
 * append that needs `b` succeeds if that counts.
 */
async function appendWithFalse(
  b: ShoalNode,
  transport: StreamTransport,
  a: ShoalNode,
): Promise<void> {
  const storeId = (await storesOfVoters(transport, a))['b']!;
  await b.close();
  const log = new MemoryLog();
  const replica = startReplica({
    ...{ log, name: 'b', label: 'shoal', durable: true },
    dial: ({ signal }) => dialService(transport, a.address, SERVICES.log, { signal }),
  });
  const before = a.log!.range.last;
  const appended = a.append(commits(1), { timeout: 10_000 });
  await replica.applied(before + 1n);
  const index = log.range.last;
  const ack = { type: 'acknowledgement', term: a.term, storeId, index } as const;
  await tell(transport, a, { from: 'b', frames: [ack] });
  expect(await appended).toMatchObject({ last: index });
  await replica.close();
}

/** A cluster of two voters, which `a` leads: an append needs `b`. */
async function clusterOfTwo(
  options: (name: string) => Partial<NodeOptions>,
): Promise<AsyncDisposable & { a: ShoalNode; b: ShoalNode }> {
  const begin = (name: string, seeds: string[]): Promise<ShoalNode> =>
    start(name, {
      ...{ log: new MemoryLog(), voters: ['a', 'b'], seeds, replication: PATIENT },
      ...options(name),
    });
  const a = await begin('a', []);
  const b = await begin('b', [a.address]);
  await a.until(() => a.role === 'leader');
  await a.append(commits(1));
  return {
    a,
    b,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([a.close(), b.close()]);
    },
  };
}

const HIGHEST = 2n ** 64n - 1n;

describe('a term that cannot exist', () => {
  it('is refused, reported, and changes nothing', async () => {
    await using cluster = await clusterOfTwo(() => ({}));
    const { a, b } = cluster;
    const [before, term] = [b.stats().votedTerm, a.term];
    const events = record(b);
    for (const candidate of ['mallory', 'zed']) {
      const request = { candidate, term: HIGHEST };
      expect(await askForVote(createTcpTransport(), b, request)).toMatchObject({
        ...{ type: 'refusal', reason: 'impossible-term', votedTerm: before },
      });
    }
    await b.until(() => events.filter(({ type }) => type === 'peerRefused').length === 2);
    expect(events.find(({ type }) => type === 'peerRefused')).toMatchObject({
      error: { code: 'impossible-term' },
    });
    // A replica that claims to know it does not make the leader step down either.
    const replica = startReplica({
      log: new MemoryLog(),
      name: 'c',
      label: 'shoal',
      term: HIGHEST,
      reconnect: false,
      dial: ({ signal }) => dialService(createTcpTransport(), a.address, SERVICES.log, { signal }),
    });
    await expect(replica.finished).rejects.toMatchObject({ code: 'stale-term' });
    await a.append(commits(1));
    expect([a.term, b.stats().votedTerm]).toEqual([term, before]);
  });

  it('is reached step by step by whoever may ask for votes, many times', async () => {
    const authority = await createTestAuthority();
    const tls: Record<string, TlsOptions> = {};
    for (const name of ['a', 'b', 'mallory']) tls[name] = await certified(authority, name);
    const modes: [(name: string) => Partial<NodeOptions>, StreamTransport][] = [
      [() => ({}), createTcpTransport()],
      [
        () => ({ keyring: new Keyring(key) }),
        createKeyringTransport({ keyring: new Keyring(key), label: 'shoal' }),
      ],
      [(name) => ({ tls: tls[name] }), createTlsTransport(tls['mallory']!)],
    ];
    for (const [options, transport] of modes) {
      await using cluster = await clusterOfTwo(options);
      for (let step = 1n; step <= 3n; step++) {
        const term = termOf(step * 10_000_000n, 0n);
        const reply = await askForVote(transport, cluster.b, { candidate: 'mallory', term });
        expect(reply).toMatchObject({ type: 'grant', term });
        expect(cluster.b.stats().votedTerm).toBe(term);
      }
    }
  });
});

describe('a member that holds the key', () => {
  it('can claim that another one has failed, who refutes it', async () => {
    const keyring = (): Keyring => new Keyring(key);
    await using cluster = await clusterOfTwo(() => ({ keyring: keyring() }));
    const { a, b } = cluster;
    const { generation } = b.membership.identity;
    const udp = await createUdpTransport({ bind: '127.0.0.1:0' });
    await using mallory = startMembership({
      transport: encryptDatagrams(udp, { keyring: keyring(), label: 'shoal' }),
      seeds: [a.address],
    });
    await mallory.active();
    // Until b has heard of it: it refutes the claim by a new generation.
    while (b.membership.identity.generation === generation) {
      mallory.applyMany([{ id: b.membership.identity, incarnation: 0, state: 'down' }]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await a.until(() => a.members().some(({ name }) => name === 'b'));
  });

  it('can read the log, and acknowledge under the name of a voter', async () => {
    const keyring = (): Keyring => new Keyring(key);
    await using cluster = await clusterOfTwo(() => ({ keyring: keyring() }));
    const transport = createKeyringTransport({ keyring: keyring(), label: 'shoal' });
    await appendWithFalse(cluster.b, transport, cluster.a);
  });
});

const certified = async (authority: TestAuthority, name: string): Promise<TlsOptions> => ({
  ...(await authority.issue([
    { type: 'dns', value: name },
    { type: 'ip', value: '127.0.0.1' },
  ])),
  ca: authority.ca,
});

describe('a stranger, in a cluster that nothing protects', () => {
  it('reads the log, and acknowledges under the name of a voter', async () => {
    await using cluster = await clusterOfTwo(() => ({}));
    await appendWithFalse(cluster.b, createTcpTransport(), cluster.a);
  });
});

describe('a stranger, in a cluster with a keyring', () => {
  it('cannot join, read, vote or acknowledge', async () => {
    await using cluster = await clusterOfTwo(() => ({ keyring: new Keyring(key) }));
    const { a, b } = cluster;
    const voted = b.stats().votedTerm;
    const strangers = [
      createTcpTransport({ closeTimeout: 100 }),
      createKeyringTransport({ keyring: new Keyring(randomBytes(32)), label: 'shoal' }),
      createKeyringTransport({ keyring: new Keyring(key), label: 'other' }),
    ];
    for (const stranger of strangers) {
      const request = { candidate: 'mallory', term: termOf(3n, 0n) };
      expect(await askForVote(stranger, b, request)).toBe(undefined);
      await expect(followAs('b', stranger, a)).rejects.toThrow();
    }
    await using plain = await start('b', { seeds: [a.address] });
    await using other = await start('b', {
      seeds: [a.address],
      keyring: new Keyring(randomBytes(32)),
    });
    await a.append(commits(1));
    expect([plain.members(), other.members()]).toEqual([[], []]);
    expect(a.members().map(({ name }) => name)).toEqual(['b']);
    expect(b.stats().votedTerm).toBe(voted);
    expect(a.encryption?.stats().refused.plain).toBeGreaterThan(0);
  });

  it('stays out while the key is changed, and the cluster goes on', async () => {
    const next = randomBytes(32);
    const rings = { a: new Keyring(key), b: new Keyring(key) };
    await using cluster = await clusterOfTwo((name) => ({
      keyring: rings[name as 'a' | 'b'],
    }));
    const { a, b } = cluster;
    const all = [rings.a, rings.b];
    for (const ring of all) ring.add(next);
    await a.append(commits(1));
    for (const ring of all) ring.use(next);
    await a.append(commits(1));
    // Streams that were made with the old key end now, and are made again with the new one.
    for (const ring of all) ring.remove(key);
    await a.append(commits(1));
    const old = createKeyringTransport({ keyring: new Keyring(key), label: 'shoal' });
    await expect(followAs('b', old, a)).rejects.toMatchObject({ cause: { code: 'untrusted' } });
    expect(b.log!.range.last).toBe(a.log!.range.last);
  });

  it('is let in by an option that says so', async () => {
    await using cluster = await clusterOfTwo(() => ({
      keyring: new Keyring(key),
      insecurePlainStreams: true,
    }));
    await followAs('c', createTcpTransport(), cluster.a);
  });
});

describe('a node with a certificate of its own', () => {
  it('cannot vote, acknowledge or be followed under the name of another node', async () => {
    const authority = await createTestAuthority();
    const tls: Record<string, TlsOptions> = {};
    for (const name of ['a', 'b', 'mallory']) tls[name] = await certified(authority, name);
    await using cluster = await clusterOfTwo((name) => ({ tls: tls[name] }));
    const { a, b } = cluster;
    const events = { a: record(a), b: record(b) };
    const mallory = createTlsTransport(tls['mallory']!);
    // It asks for votes as `a`, and follows and acknowledges as `b`: all of that is refused.
    const before = b.stats().votedTerm;
    const request = { candidate: 'a', term: termOf(3n, 0n) };
    expect(await askForVote(mallory, b, request)).toBe(undefined);
    expect(b.stats().votedTerm).toBe(before);
    const { b: storeId = '' } = await storesOfVoters(mallory, a);
    const ack = { type: 'acknowledgement', term: a.term, storeId, index: 100n } as const;
    await tell(mallory, a, { from: 'b', frames: [ack] });
    await expect(followAs('b', mallory, a)).rejects.toMatchObject({ code: 'refused' });
    for (const node of ['a', 'b'] as const) {
      await cluster[node].until(() => events[node].some(({ type }) => type === 'peerRefused'));
      expect(events[node].find(({ type }) => type === 'peerRefused')).toMatchObject({
        error: { code: 'untrusted', message: expect.stringContaining('proved to be mallory') },
      });
    }
    // Without a certificate it cannot even read.
    await expect(followAs('b', createTcpTransport({ closeTimeout: 100 }), a)).rejects.toThrow();
    // Under its own name it may follow, but does not count.
    await followAs('mallory', mallory, a);
    await b.close();
    await tell(mallory, a, { from: 'mallory', frames: [ack] });
    await expect(a.append(commits(1), { timeout: 300 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('is not followed when it says that it leads under the name of another node', async () => {
    const authority = await createTestAuthority();
    const tls = {
      a: await certified(authority, 'a'),
      mallory: await certified(authority, 'mallory'),
    };
    const options = { voters: ['a'], tls: tls.mallory };
    // It calls itself `a`, and leads.
    await using impostor = await start('a', { log: new MemoryLog(), ...options });
    await impostor.until(() => impostor.role === 'leader');
    await impostor.append(commits(1));
    await using b = await start('b', {
      log: new MemoryLog(),
      seeds: [impostor.address],
      tls: await certified(authority, 'b'),
    });
    const events = record(b);
    await b.until(() => events.some(({ type }) => type === 'peerRefused'));
    expect(events.find(({ type }) => type === 'peerRefused')).toMatchObject({
      error: { code: 'untrusted' },
    });
    expect([b.leader, b.log!.range.last]).toEqual([undefined, 0n]);
  });
});

describe('createNode', () => {
  it('refuses options of keyring and TLS that do not fit together', async () => {
    const authority = await createTestAuthority();
    const tls = { ...(await authority.issue([{ type: 'dns', value: 'a' }])), ca: authority.ca };
    const keyring = new Keyring(key);
    const bad: Partial<NodeOptions>[] = [
      { tls: { ...tls, mutual: false } },
      { encryption: { maxClockSkew: 30_000 } },
      { insecurePlainStreams: true },
      { insecurePlainStreams: true, keyring, tls },
    ];
    for (const options of bad) {
      await expect(start('a', options)).rejects.toMatchObject({ code: 'argument' });
    }
  });
});
