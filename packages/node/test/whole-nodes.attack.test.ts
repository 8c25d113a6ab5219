import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { MemoryLog } from '@shoal/syncup';
import type { Message, NodeIdentity } from '@shoal/wire';
import { encodeShoalStream } from '@shoal/wire';
import { labelTag } from '@shoal/wire/internal';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NodeOptions, ShoalNode } from '../src/index.ts';
import { encodeFrame, SERVICES } from '../src/internal.ts';
import { Attacker, identity, PATIENT } from './attacker.test-helper.ts';
import { helloTo } from './consensus-peer.test-helper.ts';
import { commits, record, start } from './nodes.test-helper.ts';
import { PROTECTIONS, protect } from './protection.test-helper.ts';

const NAMES = ['a', 'b', 'c'];

/** Three nodes that hold a log, which `a` leads. */
class Cluster implements AsyncDisposable {
  readonly nodes: Record<string, ShoalNode> = {};
  readonly #protection: Record<string, Partial<NodeOptions>>;
  readonly #logs: Record<string, MemoryLog> = {};

  private constructor(protection: Record<string, Partial<NodeOptions>>) {
    this.#protection = protection;
  }

  static async start(protection: Record<string, Partial<NodeOptions>>): Promise<Cluster> {
    const cluster = new Cluster(protection);
    for (const name of NAMES) await cluster.start(name);
    await cluster.expectService();
    return cluster;
  }

  get a(): ShoalNode {
    return this.nodes['a']!;
  }

  get b(): ShoalNode {
    return this.nodes['b']!;
  }

  get c(): ShoalNode {
    return this.nodes['c']!;
  }

  /** Starts a node, again with the log that it had. */
  async start(name: string): Promise<void> {
    const log = this.#logs[name] ?? new MemoryLog();
    this.#logs[name] = log;
    const seeds = name === 'a' ? [] : [this.a.address];
    const options = { log, seeds, replication: PATIENT, ...this.#protection[name] };
    this.nodes[name] = await start(name, options);
  }

  /** Everybody knows everybody, and an append reaches all logs. */
  async expectService(): Promise<void> {
    const nodes = Object.values(this.nodes);
    await this.a.until(() => this.a.role === 'leader');
    const { last } = await this.a.append(commits(1), { acks: nodes.length, timeout: 20_000 });
    for (const node of nodes) {
      const others = NAMES.filter((name) => name !== node.name);
      await node.until(() => others.every((name) => node.members().some((m) => m.name === name)));
      expect(node.log!.range.last).toBe(last);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Object.values(this.nodes).map((node) => node.close()));
  }
}

const idOf = ({ membership }: ShoalNode): NodeIdentity => membership.identity;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(10);
}

/** Sends something until it has had its effect: a datagram may be lost. */
async function sendUntil(holds: () => boolean, send: () => void): Promise<void> {
  while (!holds()) {
    send();
    await pause(20);
  }
}

/** Makes nodes take the attacker for a member, if they would. */
async function join(
  attacker: Attacker,
  nodes: readonly ShoalNode[],
  isOpen: boolean,
): Promise<void> {
  attacker.proveItself();
  for (const node of nodes) {
    const announce = (): void => attacker.say(idOf(node), { type: 'announce' });
    const isMember = (): boolean => node.membership.memberAt(attacker.address) !== undefined;
    if (isOpen) await sendUntil(isMember, announce);
    else announce();
  }
}

/** Resolves once the member at an address has answered a probe of this node. */
function hasAnswered({ membership }: ShoalNode, address: string): Promise<void> {
  return new Promise((resolve) => {
    membership.on('probe', ({ target, outcome }) => {
      if (target.address === address && outcome === 'direct') resolve();
    });
  });
}

const MESSAGES: Message<NodeIdentity>[] = [
  { type: 'announce' },
  { type: 'ping', probeNumber: 7 },
  { type: 'indirectPing', origin: identity('127.0.0.1:1'), probeNumber: 7 },
  { type: 'pingReq', target: identity('127.0.0.1:1'), probeNumber: 7 },
  { type: 'gossip' },
  { type: 'turnUndead' },
];

const HIGHEST = 2n ** 64n - 1n;

/** The header of a frame of 60 MiB, which never ends. */
const GIANT = Uint8Array.of(0, 0, 0xc0, 0x03);

describe.each(PROTECTIONS)('a stranger, and nodes with protection: %s', (protection) => {
  let options: Record<string, Partial<NodeOptions>>;
  const isOpen = protection === 'plain';

  beforeAll(async () => {
    options = await protect(protection, NAMES);
  });

  it('is a member only if nothing protects the nodes', async () => {
    await using cluster = await Cluster.start(options);
    await using attacker = await Attacker.start();
    attacker.proveItself();
    const fake = { id: identity('127.0.0.1:9'), incarnation: 0, state: 'alive' } as const;
    await until(() => {
      for (const node of Object.values(cluster.nodes)) {
        attacker.say(idOf(node), { type: 'announce' });
        attacker.say(idOf(node), { type: 'gossip' }, { members: [fake] });
      }
      const { a } = cluster;
      if (!isOpen) return a.encryption!.stats().refused.plain > 10;
      return a.membership.memberAt(attacker.address) !== undefined;
    });
    const known = [attacker.address, '127.0.0.1:9'].map((at) => cluster.a.membership.memberAt(at));
    expect(known.map((member) => member !== undefined)).toEqual([isOpen, isOpen]);
    await cluster.expectService();
  });

  it('does not shut a node out by a generation from the future, or for good by a false claim', async () => {
    await using cluster = await Cluster.start(options);
    const { a, b } = cluster;
    await using attacker = await Attacker.start();
    await join(attacker, Object.values(cluster.nodes), isOpen);
    const events = record(a);
    const [claimed, down] = [
      { id: { ...idOf(b), generation: 2 ** 48 - 1 }, incarnation: 0, state: 'alive' },
      { id: idOf(b), incarnation: 0, state: 'down' },
    ] as const;
    for (const id of [idOf(a), idOf(b), idOf(cluster.c)]) {
      attacker.say(id, { type: 'gossip' }, { members: [claimed] });
    }
    await pause(200);
    // On a busy machine, b may have refuted a suspicion meanwhile.
    const soon = Date.now() + 60_000;
    expect(a.membership.memberAt(b.address)?.id.generation).toBeLessThan(soon);
    expect(b.membership.identity.generation).toBeLessThan(soon);
    const claim = (): void => attacker.say(idOf(a), { type: 'gossip' }, { members: [down] });
    const isDown = (): boolean => events.some(({ type }) => type === 'memberDown');
    if (isOpen) await sendUntil(isDown, claim);
    else {
      const before = a.encryption!.stats().refused.plain;
      await sendUntil(() => a.encryption!.stats().refused.plain > before, claim);
    }
    // The accused refutes it.
    await cluster.expectService();
  });

  it('makes nodes send a third party at most three times what it sends', async () => {
    await using cluster = await Cluster.start(options);
    await using attacker = await Attacker.start();
    const victim = createSocket('udp4');
    victim.bind(0, '127.0.0.1');
    await once(victim, 'listening');
    let arrived = 0;
    victim.on('message', (bytes) => {
      arrived += bytes.length;
    });
    const address = `127.0.0.1:${victim.address().port}`;
    for (let i = 0; i < 100; i++) {
      for (const message of MESSAGES) {
        attacker.say(idOf(cluster.a), message, { src: identity(address, Date.now() + i) });
      }
      await pause(1);
    }
    await pause(500);
    victim.close();
    expect(attacker.sent).toBeGreaterThan(50_000);
    expect(arrived).toBeLessThanOrEqual(3 * attacker.sent);
    await cluster.expectService();
  });

  it('does not make a third party a member by announcing it', async () => {
    await using cluster = await Cluster.start(options);
    await using attacker = await Attacker.start();
    const silent = '127.0.0.1:9';
    const before = cluster.a.stats().membership.packetsReceived;
    for (let i = 0; i < 20; i++) {
      attacker.say(idOf(cluster.a), { type: 'announce' }, { src: identity(silent) });
      await pause(10);
    }
    if (isOpen) await until(() => cluster.a.stats().membership.packetsReceived > before + 10);
    expect(cluster.a.membership.memberAt(silent)).toBeUndefined();
  });

  it('cannot make nodes hold long frames', async () => {
    await using cluster = await Cluster.start(options);
    await using attacker = await Attacker.start();
    const services = [[], ...Object.values(SERVICES).map((service) => [service])];
    const chunk = new Uint8Array(1 << 20);
    const open = await Promise.all(
      [...services, ...services].map((frames) => attacker.connect(cluster.a.address, ...frames)),
    );
    const ends = open.map(async (socket) => {
      socket.write(GIANT);
      for (let i = 0; i < 59 && !socket.destroyed; i++) {
        await new Promise((resolve) => socket.write(chunk, resolve));
      }
      expect(socket.destroyed, 'the frame was taken').toBe(true);
      return socket.bytesWritten;
    });
    for (const written of await Promise.all(ends)) expect(written).toBeLessThan(16 << 20);
    await cluster.expectService();
  });

  it('does not keep a voter from coming back by holding connections', async () => {
    await using cluster = await Cluster.start(options);
    const { address } = cluster.a;
    await cluster.b.close();
    await using attacker = await Attacker.start();
    const hello = encodeShoalStream({
      ...{ type: 'hello', versionMin: 1, versionMax: 1, features: 7, label: labelTag('shoal') },
      ...{ term: 0n, name: '', first: 1n, last: 0n },
    });
    const beat = encodeShoalStream({
      ...{ type: 'heartbeat', term: 0n, last: 0n, durable: 0n, time: Date.now() },
    });
    const open = await Promise.all(
      Array.from({ length: 600 }, () => attacker.connect(address, SERVICES.log, hello)),
    );
    const timer = setInterval(() => {
      for (const socket of open) {
        if (socket.writable) socket.write(Uint8Array.of(beat.length, 0, 0, 0, ...beat));
      }
    }, 200);
    try {
      await cluster.start('b');
      await cluster.expectService();
    } finally {
      clearInterval(timer);
    }
  });

  it('cannot stop a log by requests for votes in terms that cannot exist', async () => {
    await using cluster = await Cluster.start(options);
    const before = cluster.b.stats().votedTerm;
    await using attacker = await Attacker.start();
    const life = '0'.repeat(32);
    const request = encodeFrame({ type: 'voteRequest', term: HIGHEST, life, logId: undefined });
    for (const node of [cluster.b, cluster.c]) {
      const events = record(node);
      const hello = encodeFrame(helloTo(node, { from: 'a' }));
      // Who introduces itself twice is broken off: the request has been taken by then.
      const frames = [SERVICES.consensus, hello, request, hello];
      const socket = await attacker.connect(node.address, ...frames);
      if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
      const isRefused = (): boolean =>
        events.some((e) => e.type === 'peerRefused' && e.error.code === 'impossible-term');
      if (isOpen) await node.until(isRefused);
    }
    await cluster.expectService();
    expect([cluster.a.term, cluster.b.stats().votedTerm]).toEqual([before, before]);
  });

  it('cannot hide the crash of a node behind made-up members', { timeout: 120_000 }, async () => {
    await using cluster = await Cluster.start(options);
    await using attacker = await Attacker.start();
    const survivors = [cluster.a, cluster.b];
    const { address } = cluster.c;
    await Promise.all(survivors.map((node) => hasAnswered(node, address)));
    await join(attacker, survivors, isOpen);
    const flood = (): void => {
      for (let i = 0; i < 5; i++) {
        const members = Array.from({ length: 40 }, (_, k) => ({
          id: identity(`10.9.${i}.${k}:7946`, 1),
          incarnation: 0,
          state: 'alive' as const,
        }));
        for (const node of survivors) attacker.say(idOf(node), { type: 'gossip' }, { members });
      }
    };
    const isFlooded = (node: ShoalNode): boolean => node.stats().membership.active > 100;
    if (isOpen) await sendUntil(() => survivors.every(isFlooded), flood);
    else flood();
    await pause(100);
    expect(survivors.map(isFlooded)).toEqual([isOpen, isOpen]);
    const seen = survivors.map(record);
    await cluster.c.membership.close(); // without a goodbye
    const isSeen = (events: (typeof seen)[number]): boolean =>
      events.some((event) => event.type === 'memberDown' && event.member.address === address);
    await until(() => seen.every(isSeen));
    await cluster.a.append(commits(1), { timeout: 20_000 });
  });
});
