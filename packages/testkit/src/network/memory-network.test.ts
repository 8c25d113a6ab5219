import type { Connection, DatagramTransport } from '@shoal/transport';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../clock/virtual-clock.ts';
import type { LinkFaults } from './link-faults.ts';
import { MemoryNetwork, type MemoryNetworkOptions } from './memory-network.ts';
import type { MemoryNetworkStats } from './network-core.ts';

const A = '10.0.0.1:7946';
const B = '10.0.0.2:7946';

interface Bench {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly a: DatagramTransport;
  readonly b: DatagramTransport;
  /** Arrivals as "to number time". */
  readonly log: string[];
}

function bench(options: MemoryNetworkOptions = {}): Bench {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, ...options });
  const log: string[] = [];
  const [a, b] = [A, B].map((address) => {
    const transport = network.createDatagramTransport(address);
    transport.receive((_, bytes) => log.push(`${address} ${bytes[0]} ${clock.now()}`));
    return transport;
  }) as [DatagramTransport, DatagramTransport];
  return { clock, network, a, b, log };
}

/** Sends 100 numbered datagrams, one per ms. */
function sendHundred({ clock, a }: Bench): void {
  for (let i = 0; i < 100; i++) {
    a.send(B, Uint8Array.of(i));
    clock.runUntil(clock.now() + 1);
  }
  clock.runUntil(clock.now() + 1000);
}

const ALL: LinkFaults = { loss: 0.2, delay: [1, 9], duplication: 0.2, reordering: 0.3 };

describe('datagrams in memory', () => {
  it('have the faults that the seed determines, and no others', () => {
    const run = (seed: number): [string[], MemoryNetworkStats] => {
      const it = bench({ seed, faults: ALL });
      sendHundred(it);
      return [it.log, it.network.stats()];
    };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const [log, stats] = run(seed);
        expect(run(seed)).toEqual([log, stats]);
        expect(stats.delivered).toBe(log.length);
        expect(stats.delivered).toBe(stats.sent - stats.lost + stats.duplicated);
      }),
      { numRuns: 20 },
    );
    expect(run(1)[0]).not.toEqual(run(2)[0]);
  });

  it.each([
    ['loss', { loss: 0.3 }, 'lost'],
    ['duplication', { duplication: 0.3 }, 'duplicated'],
    ['reordering', { reordering: 0.3 }, 'reordered'],
  ] as const)('%s befalls about the share that is asked for', (_, faults, counter) => {
    const it = bench({ seed: 7, faults });
    sendHundred(it);
    const stats = it.network.stats();
    expect(stats[counter]).toBeGreaterThan(15);
    expect(stats[counter]).toBeLessThan(45);
    const others = ['lost', 'duplicated', 'reordered', 'blocked', 'overflowed', 'unclaimed'];
    for (const other of others) {
      if (other !== counter) expect(stats[other as keyof MemoryNetworkStats]).toBe(0);
    }
    const order = it.log.map((line) => Number(line.split(' ')[1]));
    const sorted = order.every((number, i) => i === 0 || number >= order[i - 1]!);
    expect(sorted).toBe(counter !== 'reordered');
  });

  it('take as long as the delay of their direction says', () => {
    const it = bench();
    it.network.setFaults({ delay: 30 }, { from: '10.0.0.1' });
    it.a.send(B, Uint8Array.of(1));
    it.b.send(A, Uint8Array.of(2));
    it.clock.runUntil(100);
    expect(it.log).toEqual([`${A} 2 0`, `${B} 1 30`]);
  });

  it('do not cross a partition, or a cut in its direction, until it has healed', () => {
    const it = bench();
    const exchange = (): string[] => {
      it.log.length = 0;
      it.a.send(B, Uint8Array.of(1));
      it.b.send(A, Uint8Array.of(2));
      it.clock.runUntil(it.clock.now() + 10);
      return it.log.map((line) => line.slice(0, A.length + 2));
    };
    const both = [`${B} 1`, `${A} 2`];
    it.network.partition(['10.0.0.1'], [B]);
    expect(exchange()).toEqual([]);
    it.network.partition(['10.0.0.1', B], ['10.0.0.3']);
    expect(exchange()).toEqual(both);
    it.network.cut({ from: A, to: '10.0.0.2' });
    expect(exchange()).toEqual([`${A} 2`]);
    it.network.cut({ from: B });
    expect(exchange()).toEqual([]);
    expect(it.network.stats().blocked).toBe(5);
    it.network.heal();
    expect(exchange()).toEqual(both);
  });

  it('are bounded on their way, in number of bytes', () => {
    const it = bench({ faults: { delay: 1000 } });
    const tight = it.network.createDatagramTransport('10.0.0.3:1', { receiveBufferSize: 25 });
    let got = 0;
    tight.receive(() => got++);
    for (let i = 0; i < 5; i++) it.a.send('10.0.0.3:1', new Uint8Array(10));
    it.clock.runUntil(2000);
    expect([got, it.network.stats().overflowed]).toEqual([2, 3]);
    const small = it.network.createDatagramTransport('10.0.0.4:1', { sendQueueSize: 25 });
    const said = Array.from({ length: 4 }, () => small.send(B, new Uint8Array(10)));
    expect(said).toEqual([true, true, false, false]);
    it.clock.runUntil(2001);
    expect(small.send(B, new Uint8Array(10))).toBe(true);
  });

  it('are not lost when a handler throws', async () => {
    const it = bench();
    it.a.receive(() => {
      throw new Error('of the handler');
    });
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
    it.b.send(A, Uint8Array.of(1));
    it.b.send(B, Uint8Array.of(2));
    it.clock.runUntil(1);
    expect(it.log).toEqual([`${B} 2 0`]);
    expect(await thrown).toMatchObject({ message: 'of the handler' });
  });

  it('refuse invalid faults, places and options', () => {
    const { network } = bench();
    const bad: LinkFaults[] = [
      { loss: 1.1 },
      { loss: Number.NaN },
      { duplication: -1 },
      { delay: -1 },
      { delay: [5, 4] },
      { delay: Number.POSITIVE_INFINITY },
    ];
    const argument = expect.objectContaining({ code: 'argument' });
    for (const faults of bad) expect(() => network.setFaults(faults)).toThrow(argument);
    const address = expect.objectContaining({ code: 'address' });
    expect(() => network.partition(['no place!'])).toThrow(address);
    expect(() => network.cut({ from: '' })).toThrow(address);
    expect(() => network.createDatagramTransport(`${A}!tab`)).toThrow(address);
    expect(() => network.createDatagramTransport(A)).toThrow(
      expect.objectContaining({ code: 'in-use' }),
    );
    expect(() => network.createDatagramTransport('h:1', { maxDatagramSize: 0 })).toThrow(argument);
    expect(() => network.createStreamTransport({ highWaterMark: 0 })).toThrow(argument);
  });
});

async function connected(
  options: MemoryNetworkOptions = {},
): Promise<{ network: MemoryNetwork; clock: VirtualClock; near: Connection; far: Connection }> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, ...options });
  const listener = await network.createStreamTransport({ host: '10.0.0.2' }).listen(B);
  const dialing = network.createStreamTransport({ host: '10.0.0.1' }).dial(B);
  await clock.advance(1000);
  const near = await dialing;
  const far = (await listener[Symbol.asyncIterator]().next()).value;
  return { network, clock, near, far };
}

function follow(connection: Connection): { frames: number[]; end: Promise<string> } {
  const frames: number[] = [];
  const end = (async () => {
    for await (const frame of connection) frames.push(frame[0]!);
    return 'end';
  })().catch((error: { code: string }) => error.code);
  return { frames, end };
}

describe('connections in memory', () => {
  it('keep their order whatever the delays', async () => {
    const { clock, near, far } = await connected({ faults: { delay: [0, 50], loss: 0.5 } });
    const { frames } = follow(far);
    for (let i = 0; i < 50; i++) {
      near.send(Uint8Array.of(i));
      await clock.advance(1);
    }
    await clock.advance(100);
    expect(frames).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('stall while they are cut, and continue when the cut has healed', async () => {
    const { network, clock, near, far } = await connected();
    const { frames, end } = follow(far);
    network.partition(['10.0.0.1'], ['10.0.0.2']);
    near.send(Uint8Array.of(1));
    await clock.advance(60_000);
    expect(frames).toEqual([]);
    near.abort(new Error('given up'));
    await clock.advance(60_000);
    network.heal();
    expect(await end).toBe('reset');
  });

  it('continue after a cut', async () => {
    const { network, clock, near, far } = await connected();
    const { frames, end } = follow(far);
    network.cut({ from: '10.0.0.1' });
    near.send(Uint8Array.of(1));
    far.send(Uint8Array.of(2));
    const back = follow(near);
    await clock.advance(1);
    expect([frames, back.frames]).toEqual([[], [2]]);
    network.heal();
    near.send(Uint8Array.of(3));
    const closing = near.close();
    await clock.advance(1);
    expect(frames).toEqual([1, 3]);
    expect(await end).toBe('end');
    const closed = Promise.all([far.close(), closing]);
    await clock.advance(1);
    await closed;
  });

  it('can be broken by the network', async () => {
    const { network, near, far } = await connected();
    const ends = [follow(near).end, follow(far).end];
    network.breakConnections({ to: '10.0.0.9' });
    expect(near.send(Uint8Array.of(1))).toBe(true);
    network.breakConnections({ to: '10.0.0.2' });
    expect(await Promise.all(ends)).toEqual(['reset', 'reset']);
  });

  it('cannot be dialed through a partition: dial times out', async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ clock });
    await network.createStreamTransport().listen(B);
    network.partition(['10.0.0.1'], ['10.0.0.2']);
    const transport = network.createStreamTransport({ host: '10.0.0.1', dialTimeout: 300 });
    const dialing = transport.dial(B);
    const failed = expect(dialing).rejects.toMatchObject({ code: 'timeout' });
    await clock.advance(299);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    await failed;
  });
});
