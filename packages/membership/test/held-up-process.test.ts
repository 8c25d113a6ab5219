import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createUdpTransport } from '@shoal/transport-node';
import { decodePacket, shoalCodec } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { local } from '../src/config.ts';
import { seen } from '../src/driver/waiting.test-helper.ts';
import { startMembership } from '../src/driver.ts';

const SCRIPT = new URL('./prompt-peer.test-script.mjs', import.meta.url);
const PERIOD = 1000;
/** How many times this thread is held up. */
const TIMES = 2;
/** Shared with the other thread: how many pings it has answered, and whether it may answer. */
const ANSWERS = 0;
const GATE = 1;
const codec = shoalCodec({ label: 'shoal' });

/**
 * Holds up this thread after each of its pings, for `ms` and until the answer is in its socket, behind
 * `noise` other datagrams. Repeats that until an event `outcome` has come a few times.
 */
async function holdUp(
  ms: number,
  noise: number,
  outcome: 'probe' | 'paused',
): Promise<{ outcomes: string[]; suspicions: number; health: number }> {
  const transport = await createUdpTransport({ bind: '127.0.0.1:0' });
  const config = { ...local(), probePeriod: PERIOD, probeTimeout: 900 };
  const shared = new Int32Array(new SharedArrayBuffer(8));
  shared[GATE] = 1;
  const send = transport.send.bind(transport);
  let holding = false;
  let health = 0;
  transport.send = (to, bytes) => {
    if (holding && decodePacket(codec, bytes).header.message.type === 'ping') {
      Atomics.store(shared, GATE, 0);
      // After the timers for the answer are set. The loop runs them next, before the socket.
      setImmediate(() => {
        const end = performance.now() + ms;
        const answered = Atomics.load(shared, ANSWERS);
        Atomics.store(shared, GATE, 1);
        Atomics.notify(shared, GATE);
        Atomics.wait(shared, ANSWERS, answered, 60_000);
        while (performance.now() < end);
      });
    }
    return send(to, bytes);
  };
  const membership = startMembership({ transport, config });
  const worker = new Worker(SCRIPT, {
    workerData: { seed: transport.localAddress, shared, noise },
  });
  try {
    await membership.active();
    await seen(membership, 'probe');
    const outcomes: string[] = [];
    let suspicions = 0;
    membership.on('probe', ({ outcome }) => outcomes.push(outcome));
    membership.on('memberSuspected', () => suspicions++);
    membership.on('paused', () => {
      health = membership.stats().localHealth;
    });
    holding = true;
    for (let i = 0; i < TIMES; i++) await seen(membership, outcome);
    return { outcomes, suspicions, health };
  } finally {
    const exit = once(worker, 'exit');
    worker.postMessage('close');
    await Promise.all([membership.close(), exit]);
  }
}

describe('a process that was held up, over UDP', () => {
  // Longer than a period, so that all timers come due, but shorter than what counts as a pause.
  it('reads what came in meanwhile before it suspects anyone', async () => {
    const { outcomes, suspicions } = await holdUp(PERIOD + 50, 0, 'probe');
    expect(outcomes).not.toContain('failed');
    expect(suspicions).toBe(0);
  });

  it('reads all of it, even when the answer is the last of many datagrams', async () => {
    const { outcomes, suspicions } = await holdUp(PERIOD + 50, 100, 'probe');
    expect(outcomes).not.toContain('failed');
    expect(suspicions).toBe(0);
  });

  it('reports a longer pause, counts it against its own health, and suspects nobody', async () => {
    const { outcomes, suspicions, health } = await holdUp(3 * PERIOD, 0, 'paused');
    expect(outcomes).not.toContain('failed');
    expect(suspicions).toBe(0);
    expect(health).toBeGreaterThan(0);
  });
});
