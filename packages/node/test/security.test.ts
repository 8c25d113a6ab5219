import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { MemoryLog } from '@shoal/syncup';
import { createTlsTransport, Keyring, type TlsOptions } from '@shoal/transport-node';
import { describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../transport-node/src/tls/certificates.test-helper.ts';
import type { NamesOf } from '../src/index.ts';
import { askForVote } from './consensus-peer.test-helper.ts';
import { batch, commits, start } from './nodes.test-helper.ts';

const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1');

describe('TLS and a keyring', () => {
  it('protect a cluster: without a key or an allowed certificate a node cannot follow', async () => {
    const authority = await createTestAuthority();
    const identity = async (name: string): Promise<TlsOptions> => ({
      ...(await authority.issue([{ type: 'dns', value: `${name}.cluster` }])),
      ca: authority.ca,
      allow: ['a.cluster', 'b.cluster', 'c.cluster'],
    });
    const key = randomBytes(32);
    const namesOf: NamesOf = ({ names }) => names?.map((name) => name.replace('.cluster', ''));
    const secure = async (
      name: string,
    ): Promise<{ tls: TlsOptions; keyring: Keyring; namesOf: NamesOf }> => ({
      tls: await identity(name),
      keyring: new Keyring(key),
      namesOf,
    });
    const logs = [new MemoryLog(), new MemoryLog()] as const;
    const voters = ['a', 'b'];
    await using a = await start('a', { log: logs[0], voters, ...(await secure('a')) });
    const seeds = [a.address];
    await using b = await start('b', { log: logs[1], voters, seeds, ...(await secure('b')) });
    await a.until(() => a.role === 'leader');
    await a.append(batch(3));
    await b.until(() => b.role === 'follower');
    expect(logs[1].digest()).toBe(logs[0].digest());

    // With the key, but without an allowed certificate: no streams, hence no log.
    const tls = await identity('d');
    await using d = await start('d', {
      ...{ log: new MemoryLog(), voters, seeds },
      ...{ namesOf, tls, keyring: new Keyring(key) },
    });
    await d.until(() => d.members().some(({ name, role }) => name === 'a' && role === 'leader'));
    await a.until(() => a.members().some(({ name }) => name === 'd'));
    const request = { candidate: 'd', term: a.term + 1n };
    expect(await askForVote(createTlsTransport(tls), a, request)).toBe(undefined);
    expect([d.leader, d.log!.range.last]).toEqual([undefined, 0n]);
    expect(a.stats().followers.map(({ name }) => name)).toEqual(['b']);

    // Without the key: not a member.
    await using e = await start('e', {
      seeds,
      namesOf,
      tls: await identity('c'),
      keyring: new Keyring(randomBytes(32)),
    });
    await a.append(commits(1));
    expect(e.members()).toEqual([]);
    expect(a.members().map(({ name }) => name)).not.toContain('e');
  });
});

describe.runIf(hasIPv6)('IPv6', () => {
  it('a cluster on ::1 replicates', async () => {
    const logs = [new MemoryLog(), new MemoryLog()] as const;
    const bind = '[::1]:0';
    const voters = ['a', 'b'];
    await using a = await start('a', { log: logs[0], voters, bind });
    await using b = await start('b', { log: logs[1], voters, bind, seeds: [a.address] });
    expect(a.address).toMatch(/^\[::1\]:\d+$/);
    await a.until(() => a.role === 'leader');
    await a.append(batch(3));
    expect(b.members()[0]).toMatchObject({ name: 'a', address: a.address });
    expect(logs[1].digest()).toBe(logs[0].digest());
  });
});
