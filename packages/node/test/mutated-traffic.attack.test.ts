import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { MemoryLog } from '@shoal/syncup';
import { seededRandom } from '@shoal/testkit';
import { parseAddress } from '@shoal/transport';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import { describe, expect, it } from 'vitest';
import { etcdLeader } from '../src/etcd.ts';
import {
  fixedLeader,
  type Leadership,
  type NodeOptions,
  type NodeTransports,
  type ShoalNode,
} from '../src/index.ts';
import { EtcdServer, etcdInstalled } from '../src/leadership/etcd/etcd-server.test-helper.ts';
import { CapturedTraffic, Mutator } from './captured-traffic.test-helper.ts';
import { commits, start, texts } from './nodes.test-helper.ts';
import { protect } from './protection.test-helper.ts';

/** `npm run test:attack` sends all of it; the tests of the package a part. */
const PART = Number(process.env['SHOAL_ATTACK_PART'] ?? 0.02);
const SEED = process.env['SHOAL_SEED'] ?? '1';
const DATAGRAMS = 200_000 * PART;
const STREAMS = 20_000 * PART;
/** How many streams are open at a time. */
const PARALLEL = 32;
const VOTERS = ['a', 'b', 'c'];

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Nodes whose traffic is captured. */
class CapturedCluster implements AsyncDisposable {
  readonly traffic = new CapturedTraffic();
  readonly nodes = new Map<string, ShoalNode>();
  readonly logs = new Map<string, MemoryLog>();
  /** How often nodes have refused a peer. */
  refused = 0;
  readonly #leadership: () => Leadership | undefined;
  /** What protects the nodes, by name. Without it, their traffic is captured. */
  readonly #protection: Record<string, Partial<NodeOptions>> | undefined;

  constructor(
    leadership: () => Leadership | undefined,
    protection?: Record<string, Partial<NodeOptions>> | undefined,
  ) {
    this.#leadership = leadership;
    this.#protection = protection;
  }

  async start(name: string): Promise<ShoalNode> {
    const log = this.logs.get(name) ?? new MemoryLog();
    this.logs.set(name, log);
    const node = await start(name, {
      log,
      leadership: this.#leadership(),
      seeds: [...this.nodes.values()].map(({ address }) => address),
      ...(this.#protection?.[name] ?? { transports: await this.#capturing() }),
    });
    node.on('peerRefused', () => this.refused++);
    this.nodes.set(name, node);
    return node;
  }

  async #capturing(): Promise<NodeTransports> {
    const { traffic } = this;
    return {
      datagrams: traffic.ofDatagrams(await createUdpTransport({ bind: '127.0.0.1:0' })),
      streams: traffic.ofStreams(createTcpTransport()),
    };
  }

  async stop(name: string): Promise<void> {
    await this.nodes.get(name)!.leave();
    await this.nodes.get(name)!.close();
    this.nodes.delete(name);
  }

  /**
   * Appends at whoever leads by then, until all nodes hold it. An append that fails may have been
   * written all the same, so the log can hold the text several times.
   */
  async append(text: string): Promise<void> {
    const nodes = [...this.nodes.values()];
    for (;;) {
      const leader = nodes.find(({ role }) => role === 'leader');
      try {
        const { last } = await leader!.append(commits(1, text), { acks: 3, timeout: 5000 });
        // No event says that a log has grown.
        while (nodes.some((node) => node.log!.range.last < last)) await tick();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.close()));
  }
}

/** Sends changed datagrams to all nodes, from one address. */
async function sendDatagrams(
  cluster: CapturedCluster,
  mutator: Mutator,
  captured: readonly Uint8Array[],
): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const targets = [...cluster.nodes.values()].map(({ address }) => parseAddress(address));
  for (let i = 0; i < DATAGRAMS; i++) {
    const bytes = mutator.bytes(mutator.pick(captured));
    const { port, host } = mutator.pick(targets);
    socket.send(bytes, port, host);
    if (i % 50 === 0) await tick();
  }
  socket.close();
}

/** Opens a stream, sends it, and waits a little for the answer. Returns whether one came. */
async function sendStream(address: string, bytes: Uint8Array): Promise<boolean> {
  const socket = connect(parseAddress(address));
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.end(bytes);
  socket.resume();
  const timer = setTimeout(() => socket.resetAndDestroy(), 1000);
  await closed;
  clearTimeout(timer);
  return socket.bytesRead > 0;
}

async function sendStreams(
  streams: readonly Uint8Array[][],
  mutator: Mutator,
  targets: readonly string[],
): Promise<{ answered: number }> {
  const captured = streams.filter((frames) => frames.length > 0);
  let left = STREAMS;
  let answered = 0;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const bytes = mutator.frames(mutator.pick(captured));
      if (await sendStream(mutator.pick(targets), bytes)) answered++;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return { answered };
}

/**
 * The texts that this test appended, each once, whatever else a stranger has made the log hold.
 */
async function appended(log: MemoryLog): Promise<string[]> {
  const all = (await texts(log)).filter((text) => /^(before|without|after|joined)\b/.test(text));
  return all.filter((text, i) => text !== all[i - 1]);
}

/** Makes nodes vote, sync up and exchange states: one leaves and comes back. */
async function work(cluster: CapturedCluster): Promise<void> {
  for (const name of VOTERS) await cluster.start(name);
  await cluster.append('before');
  for (const name of ['c', 'a']) {
    await cluster.stop(name);
    await cluster.start(name);
    await cluster.append(`without-${name}`);
  }
}

/** Sends the changed traffic of plain nodes to these nodes, which must go on. */
async function attack(
  leadership: () => Leadership | undefined,
  protection?: Record<string, Partial<NodeOptions>>,
): Promise<void> {
  await using cluster = new CapturedCluster(leadership, protection);
  await work(cluster);
  await using plain = new CapturedCluster(leadership);
  if (protection) await work(plain);
  const { datagrams, streams } = protection ? plain.traffic : cluster.traffic;

  const mutator = new Mutator(seededRandom(SEED));
  const seen = [...cluster.nodes.values()].flatMap((node) => node.members());
  const targets = [...new Set(seen.flatMap(({ streamAddress }) => streamAddress ?? []))];
  await sendDatagrams(cluster, mutator, datagrams);
  const { answered } = await sendStreams(streams, mutator, targets);
  // What was sent did arrive: some of it good enough to be answered, or to be refused with a reason,
  // unless a key is needed for that.
  const nodes = [...cluster.nodes.values()];
  const sum = (of: (node: ShoalNode) => number): number =>
    nodes.reduce((total, node) => total + of(node), 0);
  if (protection) {
    expect(sum((node) => node.encryption!.stats().refused.plain)).toBeGreaterThan(DATAGRAMS / 2);
  } else {
    expect(sum((node) => node.stats().membership.packetsReceived)).toBeGreaterThan(DATAGRAMS / 2);
    expect(sum((node) => node.stats().membership.rejected)).toBeGreaterThan(DATAGRAMS / 50);
    expect(answered + cluster.refused).toBeGreaterThan(STREAMS / 100);
  }
  await cluster.append('after');

  // A newcomer joins, and gets the log.
  const d = await cluster.start('d');
  await d.until(() => VOTERS.every((name) => d.members().some((member) => member.name === name)));
  await cluster.append('joined');
  const expected = ['before 0', 'without-c 0', 'without-a 0', 'after 0', 'joined 0'];
  for (const log of cluster.logs.values()) expect(await appended(log)).toEqual(expected);
}

describe(`${DATAGRAMS} changed datagrams and ${STREAMS} changed streams, seed ${SEED}`, () => {
  // A made-up member may claim to lead in a later term. It is followed until it counts as failed,
  // which takes minutes among hundreds of others.
  const timeout = 900_000;

  it('leave a cluster with a fixed leader at work', { timeout }, async () => {
    await attack(() => fixedLeader('a'));
  });

  it('leave a cluster at work that elects its leader itself', { timeout }, async () => {
    await attack(() => undefined);
  });

  it.each(['keyring', 'keyring and TLS'] as const)(
    'do not reach nodes with %s',
    {
      timeout,
    },
    async (protection) => {
      const options = await protect(protection, [...VOTERS, 'd']);
      await attack(() => fixedLeader('a'), options);
    },
  );

  it.skipIf(!etcdInstalled())('leave a cluster with etcd at work', { timeout }, async () => {
    const etcd = new EtcdServer();
    await etcd.start();
    try {
      await attack(() => etcdLeader({ endpoints: [etcd.url], key: '/shoal/attack', ttl: 3 }));
    } finally {
      await etcd.dispose();
    }
  });
});
