import { MemoryLog } from '@shoal/syncup';
import { parseAddress } from '@shoal/transport';
import { expect, it } from 'vitest';
import { commits, record, start } from './nodes.test-helper.ts';

it('a node that moves to another address is the same node, and goes on following', async () => {
  const logs = { a: new MemoryLog(), b: new MemoryLog() };
  await using a = await start('a', { voters: ['a', 'b'], log: logs.a });
  // All of 127.0.0.0/8 is this machine.
  const address = `127.0.0.1:${await freePort()}`;
  const { port } = parseAddress(address);
  await using b = await start('b', {
    voters: ['a', 'b'],
    log: logs.b,
    bind: `0.0.0.0:${port}`,
    address,
    seeds: [a.address],
  });
  await a.until(() => a.role === 'leader');
  await a.append(commits(1), { acks: 2 });
  const seen = record(a);
  const moved = `127.0.0.2:${port}`;
  b.readdress({ address: moved });
  await a.until(() => a.members()[0]?.address === moved);
  expect(seen.filter(({ type }) => type.startsWith('member'))).toEqual([
    {
      type: 'memberUpdated',
      member: expect.objectContaining({ name: 'b', address: moved, streamAddress: moved }),
      previous: expect.objectContaining({ name: 'b', address }),
    },
  ]);
  expect(b.address).toBe(moved);
  await a.append(commits(1), { acks: 2 });
  await using c = await start('c', { voters: ['a', 'b'], seeds: [moved] });
  await c.until(() => c.members().length === 2);

  for (const wrong of ['nowhere', '127.0.0.2', a.address]) {
    const readdress = (): void => b.readdress({ address: wrong });
    expect(readdress, wrong).toThrow(expect.objectContaining({ code: 'argument' }));
  }
  expect(b.address).toBe(moved);
  await b.close();
  expect(() => b.readdress({ address })).toThrow(expect.objectContaining({ code: 'closed' }));
});

/** A port that is free for datagrams and streams on all addresses of this machine. */
async function freePort(): Promise<number> {
  await using probe = await start('probe', { bind: '127.0.0.1:0' });
  return parseAddress(probe.address).port;
}
