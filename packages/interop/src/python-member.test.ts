import { lan, type SwimConfig } from '@shoal/membership';
import { type Membership, startMembership } from '@shoal/membership/driver';
import { createNode } from '@shoal/node';
import { MemoryLog } from '@shoal/syncup';
import type { DatagramTransport } from '@shoal/transport';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import {
  decodePacket,
  encodePacket,
  type NodeIdentity,
  type Packet,
  shoalCodec,
} from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { PythonProcess } from './python-process.ts';
import { until } from './until.ts';

// A member in Python, written from docs/wire-protocol.md, among members of Shoal over real sockets.

const LABEL = 'python';
/** Shorter than the defaults, and the same on both sides. */
const CONFIG: SwimConfig = { ...lan(), probePeriod: 300, probeTimeout: 100 };
const TIMES = ['--probe-period', '0.3', '--probe-timeout', '0.1'];
/** During a test no member is declared down unless it leaves. */
const PATIENT = {
  config: { suspicion: { type: 'fixed', value: 60_000 } },
  args: ['--suspicion', '60'],
} as const;

type Shoal = Membership<NodeIdentity>;

interface PythonMember extends AsyncDisposable {
  readonly process: PythonProcess;
  readonly address: string;
  readonly generation: number;
}

interface ShoalOptions {
  readonly seeds?: readonly string[];
  readonly config?: Partial<SwimConfig>;
  /** Addresses to which the datagrams of the first member are lost. */
  readonly blocked?: ReadonlySet<string> | undefined;
  /** While on, every fifth datagram of each Shoal member is lost, in both directions. */
  readonly loss?: { on: boolean };
  /** Called with every packet that the first member receives. */
  readonly onPacket?: ((packet: Packet<NodeIdentity>) => void) | undefined;
  readonly onBroadcast?: (hex: string) => void;
}

async function startShoal(options: ShoalOptions = {}): Promise<Shoal> {
  const { seeds = [], config, onBroadcast } = options;
  const udp = await createUdpTransport({ bind: '127.0.0.1:0' });
  const known = new Set<string>();
  return startMembership({
    transport: tapped(udp, options),
    label: LABEL,
    seeds,
    config: { ...CONFIG, ...config },
    joinRetry: { first: 200 },
    streams: { transport: createTcpTransport() },
    broadcasts: {
      receive: (bytes) => {
        const hex = Buffer.from(bytes).toString('hex');
        if (known.has(hex)) return undefined;
        known.add(hex);
        onBroadcast?.(hex);
        return hex;
      },
    },
  });
}

/** Loses what it is told to lose, and shows what arrives. */
function tapped(udp: DatagramTransport, options: ShoalOptions): DatagramTransport {
  const { blocked, loss, onPacket } = options;
  const codec = shoalCodec({ label: LABEL });
  let datagrams = 0;
  const isLost = (): boolean => loss?.on === true && ++datagrams % 5 === 0;
  return {
    localAddress: udp.localAddress,
    maxDatagramSize: udp.maxDatagramSize,
    send: (to, bytes) => blocked?.has(to) === true || isLost() || udp.send(to, bytes),
    receive: (handler) =>
      udp.receive((from, bytes) => {
        if (isLost()) return;
        onPacket?.(decodePacket(codec, bytes));
        handler(from, bytes);
      }),
    close: () => udp.close(),
    [Symbol.asyncDispose]: () => udp.close(),
  };
}

async function startPython(
  seeds: readonly string[],
  args: readonly string[] = [],
): Promise<PythonMember> {
  const options = seeds.flatMap((seed) => ['--seed', seed]);
  const process = new PythonProcess('member', ['--label', LABEL, ...TIMES, ...options, ...args]);
  const { address, generation } = await process.waitFor('listening', (event) => {
    return event.event === 'listening';
  });
  return {
    process,
    address: address as string,
    generation: generation as number,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

const addressOf = (shoal: Shoal): string => shoal.identity.address;

/** The members that are up according to what a Python member printed. */
function upIn({ process }: PythonMember): Set<string> {
  const up = new Set<string>();
  for (const { event, address } of process.events) {
    if (event === 'up') up.add(address as string);
    if (event === 'down') up.delete(address as string);
  }
  return up;
}

/** Everyone sees everyone else. */
async function whole(shoals: readonly Shoal[], pythons: readonly PythonMember[]): Promise<void> {
  const size = shoals.length + pythons.length;
  await until('every Shoal member sees all', () =>
    shoals.every((shoal) => [...shoal.members()].length === size - 1),
  );
  await until('every Python member sees all', () =>
    pythons.every((python) => upIn(python).size === size - 1),
  );
}

/** Runs a test in a cluster of Shoal members and one in Python. */
async function withCluster(
  size: number,
  test: (shoals: Shoal[], python: PythonMember) => Promise<void>,
  options: ShoalOptions & { readonly args?: readonly string[] } = {},
): Promise<void> {
  const shoals: Shoal[] = [];
  try {
    for (let i = 0; i < size; i++) {
      const { blocked, onPacket, ...others } = options;
      const seeds = shoals.slice(0, 1).map(addressOf);
      shoals.push(await startShoal({ ...others, seeds, ...(i === 0 && { blocked, onPacket }) }));
    }
    await using python = await startPython([addressOf(shoals[0]!)], options.args);
    await whole(shoals, [python]);
    await test(shoals, python);
    for (const shoal of shoals) expect(shoal.stats().rejected).toBe(0);
    const rejected = python.process.events.filter(({ event }) => event === 'rejected');
    expect(rejected).toEqual([]);
  } finally {
    await Promise.all(shoals.map((shoal) => shoal.close()));
  }
}

describe('a member in Python', () => {
  it('joins three Shoal members, answers their probes, and probes them', async () => {
    await withCluster(3, async (shoals, python) => {
      const direct = new Set<Shoal>();
      for (const shoal of shoals) {
        shoal.on('probe', ({ target, outcome }) => {
          if (target.address === python.address && outcome === 'direct') direct.add(shoal);
        });
      }
      await until('each has probed it', () => direct.size === 3);
      for (const shoal of shoals) {
        await python.process.waitFor('an ack', ({ event, address, outcome }) => {
          return event === 'probe' && address === addressOf(shoal) && outcome === 'direct';
        });
      }
    });
  }, 60_000);

  it('is the seed of Shoal members', async () => {
    await using python = await startPython([]);
    const shoals = [
      await startShoal({ seeds: [python.address] }),
      await startShoal({ seeds: [python.address] }),
    ];
    try {
      await whole(shoals, [python]);
    } finally {
      await Promise.all(shoals.map((shoal) => shoal.close()));
    }
  }, 60_000);

  it('is found to be down when it is killed, and finds a killed Shoal member', async () => {
    await withCluster(3, async (shoals, python) => {
      const victim = shoals.pop()!;
      const address = addressOf(victim);
      await victim.close();
      await python.process.waitFor('the Shoal member is down', (event) => {
        return event.event === 'down' && event['address'] === address && event['left'] === false;
      });
      python.process.kill('SIGKILL');
      await until('the Python member is down', () =>
        shoals.every((shoal) => shoal.memberAt(python.address)?.state === 'down'),
      );
      expect(shoals[0]!.memberAt(python.address)?.left).not.toBe(true);
    });
  }, 90_000);

  it('refutes a suspicion', async () => {
    await withCluster(
      3,
      async (shoals, python) => {
        const suspected = new Set<string>();
        const refuted = new Set<string>();
        for (const shoal of shoals) {
          shoal.on('memberSuspected', ({ member }) => suspected.add(member.id.address));
          shoal.on('memberRefuted', ({ member }) => refuted.add(member.id.address));
        }
        python.process.kill('SIGSTOP');
        await until('it is suspected', () => suspected.has(python.address));
        python.process.kill('SIGCONT');
        await until('it has refuted', () => refuted.has(python.address));
        const known = shoals.map((shoal) => shoal.memberAt(python.address)!);
        expect(known.every(({ id }) => id.generation === python.generation)).toBe(true);
        await until('everyone knows its new incarnation', () =>
          shoals.every((shoal) => shoal.memberAt(python.address)!.incarnation > 0),
        );
      },
      PATIENT,
    );
  }, 60_000);

  it('comes back under a higher generation after it was declared down', async () => {
    await withCluster(2, async (shoals, python) => {
      python.process.kill('SIGSTOP');
      await until('it is down', () =>
        shoals.every((shoal) => shoal.memberAt(python.address)?.state === 'down'),
      );
      python.process.kill('SIGCONT');
      await python.process.waitFor('a new generation', ({ event }) => event === 'rejoined');
      await until('it is back', () =>
        shoals.every((shoal) => shoal.memberAt(python.address)?.state === 'alive'),
      );
      expect(shoals[0]!.memberAt(python.address)!.id.generation).toBeGreaterThan(python.generation);
    });
  }, 90_000);

  it('answers indirect probes, and by stream when no datagram gets through', async () => {
    const blocked = new Set<string>();
    await withCluster(
      2,
      async (shoals, python) => {
        // The first one loses what it sends to the Python member: only the second one reaches it.
        const [prober, helper] = shoals;
        const outcomes = new Set<string>();
        prober!.on('probe', ({ target, outcome }) => {
          if (target.address === python.address) outcomes.add(outcome);
        });
        blocked.add(python.address);
        await until('an indirect ack', () => outcomes.has('indirect'));
        await python.process.waitFor('an indirect ping', ({ event, address }) => {
          return event === 'indirectPing' && address === addressOf(helper!);
        });
        await helper!.close();
        await until('a pong', () => outcomes.has('answered-by-stream'));
      },
      { ...PATIENT, blocked },
    );
  }, 60_000);

  it('probes for others, and tells them when nobody answers', async () => {
    const blocked = new Set<string>();
    const nacks: string[] = [];
    const onPacket = ({ header: { src, message } }: Packet<NodeIdentity>): void => {
      if (message.type === 'nack') nacks.push(`${message.target.address} by ${src.address}`);
    };
    await withCluster(
      2,
      async (shoals, python) => {
        const [prober, target] = shoals;
        const address = addressOf(target!);
        const outcomes: string[] = [];
        prober!.on('probe', (probe) => {
          if (probe.target.address === address) outcomes.push(probe.outcome);
        });
        blocked.add(address);
        await until('an indirect ack', () => outcomes.includes('indirect'));
        await python.process.waitFor('help', (event) => {
          return event.event === 'helped' && event['address'] === address;
        });
        await target!.close();
        await until('the probe fails', () => outcomes.includes('failed'));
        await until('a nack', () => nacks.includes(`${address} by ${python.address}`));
      },
      { ...PATIENT, blocked, onPacket },
    );
  }, 60_000);

  it('exchanges states in both directions', async () => {
    await withCluster(2, async (shoals, python) => {
      // Each has joined the other by stream, too: as the responder, and as the initiator.
      await python.process.waitFor('an exchange', ({ event, side }) => {
        return event === 'exchange' && side === 'initiator';
      });
      const late = await startShoal({ seeds: [python.address] });
      try {
        await python.process.waitFor('an exchange', ({ event, side }) => {
          return event === 'exchange' && side === 'responder';
        });
        await whole([...shoals, late], [python]);
        // Now that all know the same, the digests agree.
        python.process.command(`exchange ${addressOf(shoals[1]!)}`);
        await python.process.waitFor('equal digests', ({ event, address, outcome }) => {
          return event === 'exchange' && address === addressOf(shoals[1]!) && outcome === 'equal';
        });
        python.process.command('members');
        const { digest } = await python.process.waitFor('its digest', ({ event }) => {
          return event === 'members';
        });
        expect(digest).toMatch(/^[0-9a-f]{16}$/);
      } finally {
        await late.close();
      }
      await until('the late one is down', () =>
        shoals.every((shoal) => shoal.memberAt(addressOf(late))?.state === 'down'),
      );
    });
  }, 90_000);

  it('leaves, and understands a leave', async () => {
    await withCluster(
      3,
      async (shoals, python) => {
        const reasons = new Map<Shoal, string>();
        for (const shoal of shoals) {
          shoal.on('memberDown', ({ member, reason }) => {
            if (member.id.address === python.address) reasons.set(shoal, reason);
          });
        }
        const leaver = shoals.pop()!;
        await leaver.leave();
        await leaver.close();
        await python.process.waitFor('the Shoal member has left', ({ event, address, left }) => {
          return event === 'down' && address === addressOf(leaver) && left === true;
        });
        python.process.command('leave');
        expect(await python.process.exit).toBe(0);
        await until('all know that it has left', () =>
          shoals.every((shoal) => reasons.get(shoal) === 'left'),
        );
      },
      PATIENT,
    );
  }, 60_000);

  it('passes on updates and broadcasts', async () => {
    const received = new Set<string>();
    await withCluster(
      3,
      async (shoals, python) => {
        python.process.command('broadcast 0102');
        await until('Shoal members have it', () => received.has('0102'));
        shoals[0]!.broadcast(Uint8Array.of(3, 4));
        await python.process.waitFor('the broadcast', ({ event, hex }) => {
          return event === 'broadcast' && hex === '0304';
        });
        // Joined at the Python member, it becomes known through what that one spreads.
        const late = await startShoal({ seeds: [python.address] });
        try {
          await whole([...shoals, late], [python]);
        } finally {
          await late.close();
        }
      },
      { onBroadcast: (hex) => received.add(hex) },
    );
  }, 60_000);

  it('makes a stranger prove its address before it answers at length', async () => {
    await withCluster(3, async (_shoals, python) => {
      await using socket = await createUdpTransport({ bind: '127.0.0.1:0' });
      const codec = shoalCodec({ label: LABEL });
      const received: Uint8Array[] = [];
      socket.receive((_from, bytes) => received.push(bytes));
      const src = { address: socket.localAddress, generation: 1, metadata: new Uint8Array(512) };
      const dst: NodeIdentity = { ...src, address: python.address };
      const send = (message: Packet<NodeIdentity>['header']['message'], to = dst): number => {
        const header = { src, srcIncarnation: 0, dst: to, message };
        const bytes = encodePacket(codec, { header, members: [], broadcasts: [] });
        const { length } = bytes;
        socket.send(python.address, bytes);
        return length;
      };
      const sent = send({ type: 'announce' });
      await until('a ping', () => received.length > 0);
      const ping = decodePacket(codec, received[0]!).header;
      expect(ping.message.type).toBe('ping');
      expect(received[0]!.length).toBeLessThanOrEqual(3 * sent);
      expect(upIn(python)).not.toContain(src.address);

      const { probeNumber } = ping.message as Extract<typeof ping.message, { type: 'ping' }>;
      send({ type: 'ack', probeNumber }, ping.src);
      await until('a feed', () =>
        received.some((bytes) => decodePacket(codec, bytes).header.message.type === 'feed'),
      );
      expect(upIn(python)).toContain(src.address);
    });
  }, 60_000);

  it('survives a packet loss of 20%', async () => {
    const loss = { on: false };
    await withCluster(
      3,
      async (shoals, python) => {
        loss.on = true;
        const before = shoals[0]!.stats().probes;
        await until('30 probes are done', () => shoals[0]!.stats().probes > before + 30);
        loss.on = false;
        // Whoever was declared down comes back.
        await whole(shoals, [python]);
      },
      { loss },
    );
  }, 90_000);

  it('is a member among nodes, whose services it names', async () => {
    const shared = { label: LABEL, config: CONFIG, voters: ['a'] };
    const a = await createNode({
      ...shared,
      name: 'a',
      bind: '127.0.0.1:0',
      log: new MemoryLog(),
    });
    const b = await createNode({ ...shared, name: 'b', bind: '127.0.0.1:0', seeds: [a.address] });
    try {
      await using python = await startPython([a.address], ['--nodes', '--metadata', '0102']);
      const isThere = (node: typeof a): boolean =>
        [...node.members()].some(({ address }) => address === python.address);
      await until('both nodes see it', () => isThere(a) && isThere(b));
      await until('it sees both', () => upIn(python).size === 2);
      await python.process.waitFor('an exchange', ({ event }) => event === 'exchange');
      expect(python.process.events.filter(({ event }) => event === 'exchangeFailed')).toEqual([]);
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  }, 60_000);
});
