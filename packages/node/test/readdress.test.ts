import { MemoryLog } from '@shoal/syncup';
import { parseAddress } from '@shoal/transport';
import { expect, it } from 'vitest';
import type { NodeOptions, ShoalNode } from '../src/index.ts';
import { commits, record, start } from './nodes.test-helper.ts';

it('a node that moves to another address is the same node, and goes on following', async () => {
  const logs = { a: new MemoryLog(), b: new MemoryLog() };
  await using a = await start('a', { voters: ['a', 'b'], log: logs.a });
  // All of 127.0.0.0/8 is this machine.
  await using b = await startOnAnyAddress({ log: logs.b, seeds: [a.address] });
  const { address } = b;
  const { port } = parseAddress(address);
  await a.until(() => a.role === 'leader');
  await a.append(commits(1), { acks: 2 });
  const seen = record(a);
  const moved = `127.0.0.2:${port}`;
  b.readdress({ address: moved });
  await a.until(() => a.members()[0]?.address === moved);
  expect(seen).toContainEqual({
    type: 'memberUpdated',
    member: expect.objectContaining({ name: 'b', address: moved, streamAddress: moved }),
    previous: expect.objectContaining({ name: 'b', address }),
  });
  for (const type of ['memberUp', 'memberDown', 'memberRestarted']) {
    expect(seen.map((event) => event.type)).not.toContain(type);
  }
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

/** Starts `b` on all addresses of this machine, at a port that is free for datagrams and streams. */
async function startOnAnyAddress(options: Partial<NodeOptions>): Promise<ShoalNode> {
  for (let tries = 1; ; tries++) {
    const probe = await start('probe');
    const { port } = parseAddress(probe.address);
    await probe.close();
    const bind = { bind: `0.0.0.0:${port}`, address: `127.0.0.1:${port}` };
    try {
      return await start('b', { voters: ['a', 'b'], ...bind, ...options });
    } catch (error) {
      // Another program may have taken the port meanwhile.
      if ((error as { code?: unknown }).code !== 'in-use' || tries === 5) throw error;
    }
  }
}
