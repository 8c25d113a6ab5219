import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestNetwork, whyNoNetwork } from './network-namespaces.test-helper.ts';

const SCRIPT = fileURLToPath(new URL('./namespace-peer.test-script.mjs', import.meta.url));
const why = whyNoNetwork();
if (why !== undefined) console.log(`skipped: ${why}`);

async function told(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message');
  return message;
}

describe.skipIf(why !== undefined)('between network namespaces', () => {
  let network: TestNetwork;
  beforeEach(() => {
    network = new TestNetwork(2);
  });
  afterEach(() => network.close());

  it('keepAlive detects a peer that disappears without a word', {
    timeout: 120_000,
  }, async () => {
    const address = `${network.address(1)}:7000`;
    await told(network.run(1, SCRIPT, ['listen', address]));
    const dialer = network.run(2, SCRIPT, ['dial', address]);
    expect(await told(dialer)).toBe('connected');
    network.partition([1]);
    expect(await told(dialer)).toEqual({ name: 'TransportError', code: 'timeout' });
  });

  it('datagrams that the network cannot take are refused; accepted ones leave when there is room', {
    timeout: 120_000,
  }, async () => {
    const slow = network.shape(2, 'tbf', 'rate', '4mbit', 'burst', '3kb', 'latency', '10s');
    if (!slow) return console.log('skipped: needs tc and a kernel with a token bucket (sch_tbf)');
    const to = `${network.address(1)}:7000`;
    const child = network.run(2, SCRIPT, ['flood', `${network.address(2)}:0`, to]);
    const { taken, dropped, sent, errors } = (await told(child)) as Record<string, number>;
    expect(dropped).toBe(1);
    expect(sent).toBe(taken! + 1);
    expect(errors).toEqual({});
  });
});
