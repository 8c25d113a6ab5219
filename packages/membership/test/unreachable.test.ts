import { createUdpTransport } from '@shoal/transport-node';
import { afterEach, describe, expect, it } from 'vitest';
import { local } from '../src/config.ts';
import { type DriverEvent, type Membership, startMembership } from '../src/driver.ts';
import type { NodeIdentity } from '../src/index.ts';

// Over real UDP: only a transport knows which addresses it can send to.

type Events<T> = Extract<DriverEvent<NodeIdentity>, { readonly type: T }>;

const open: Membership<NodeIdentity>[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((membership) => membership.close()));
});

/** A name with an address of each kind, which `localhost` does not have on every machine. */
async function lookup(name: string, family: 0 | 4 | 6): Promise<string> {
  if (name !== 'both.test') throw new Error(`no address found for ${name}`);
  return family === 6 ? '::1' : '127.0.0.1';
}

async function start(
  bind: string,
  { seeds = [], name }: { seeds?: string[]; name?: string } = {},
): Promise<Membership<NodeIdentity>> {
  const transport = await createUdpTransport({ bind, lookup });
  const port = transport.localAddress.split(':').at(-1);
  const identity = name === undefined ? {} : { address: `${name}:${port}` };
  const joinRetry = { first: 50, most: 100 };
  const membership = startMembership({ transport, identity, seeds, config: local(), joinRetry });
  open.push(membership);
  return membership;
}

function next<T extends 'joinFailed' | 'memberUnreachable'>(
  membership: Membership<NodeIdentity>,
  type: T,
  accept: (event: Events<T>) => boolean = () => true,
): Promise<Events<T>> {
  return new Promise((resolve) => {
    membership.on(type, (event) => {
      if (accept(event as Events<T>)) resolve(event as Events<T>);
    });
  });
}

describe('seeds that cannot be joined', () => {
  it('are named in joinFailed, each with the reason', async () => {
    const silent = await createUdpTransport({ bind: '127.0.0.1:0' });
    const seeds = {
      [silent.localAddress]: 'timeout',
      '127.0.0.1': 'address',
      'http://127.0.0.1:7946': 'address',
      '127.0.0.1:0': 'address',
      '[::1]:7946': 'unreachable',
      'no-such-host.invalid:7946': 'resolve',
    };
    const one = await start('127.0.0.1:0', { seeds: Object.keys(seeds) });
    // The name is being looked up during the first laps.
    const failed = await next(one, 'joinFailed', ({ seeds: found }) =>
      found.some(({ error }) => (error as { code?: string }).code === 'resolve'),
    );
    expect(failed.error).toMatchObject({ code: 'join' });
    expect(
      Object.fromEntries(
        failed.seeds.map(({ address, error }) => [address, (error as { code?: string }).code]),
      ),
    ).toEqual(seeds);
    for (const address of Object.keys(seeds).slice(0, 4)) {
      expect(String(failed.seeds.find((seed) => seed.address === address)?.error)).toContain(
        address,
      );
    }
    await silent.close();
  });
});

describe('members without an address of one kind', () => {
  it('are told apart, and stay members through one that has both', async () => {
    // Each of the others finds the address of this name that it can use.
    const both = await start('[::]:0', { name: 'both.test' });
    const seeds = [both.identity.address];
    const v4 = await start('127.0.0.1:0', { seeds });
    const v6 = await start('[::1]:0', { seeds });
    const [from4, from6] = await Promise.all([
      next(v4, 'memberUnreachable', ({ member }) => member.id.address === v6.identity.address),
      next(v6, 'memberUnreachable', ({ member }) => member.id.address === v4.identity.address),
    ]);
    expect(from4.error).toMatchObject({ code: 'unreachable' });
    expect(from6.error).toMatchObject({ code: 'unreachable' });
  });
});
