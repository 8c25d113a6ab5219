import type { Message } from '@shoal/consensus';
import { MemoryLog } from '@shoal/syncup';
import { seededRandom } from '@shoal/testkit';
import type { StreamTransport } from '@shoal/transport';
import { ByteWriter, crc32 } from '@shoal/wire';
import { writeU32le, writeU64le } from '@shoal/wire/internal';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NodeErrorCode, NodeEvent, NodeOptions, ShoalNode } from '../src/index.ts';
import { decodeFrame, encodeFrame, epochOf, type Frame, markEntry } from '../src/internal.ts';
import { MAX_FRAME_BYTES } from '../src/messages/message-codec.ts';
import { PATIENT } from './attacker.test-helper.ts';
import { CapturedTraffic, Mutator } from './captured-traffic.test-helper.ts';
import {
  askForVote,
  ConsensusPeer,
  helloTo,
  storesOfVoters,
  tell,
} from './consensus-peer.test-helper.ts';
import { commits, record, start, texts } from './nodes.test-helper.ts';
import { PROTECTIONS, protect, streamsOf } from './protection.test-helper.ts';

/** `npm run test:attack` sends all of it; the tests of the package a part. */
const PART = Number(process.env['SHOAL_ATTACK_PART'] ?? 0.02);
const SEED = process.env['SHOAL_SEED'] ?? '1';

const VOTERS = ['a', 'b', 'c'];
const HIGHEST = 2n ** 64n - 1n;
/** How far one request may raise the term. */
const STEP = 2n ** 44n;
const OTHER = 'ee'.repeat(16);

/** What no attack may change. */
interface NodeState {
  readonly votedTerm: bigint;
  readonly term: bigint;
  readonly role: string;
  readonly leader: string | undefined;
  readonly voters: readonly string[];
}

/** Three voters. */
class Cluster implements AsyncDisposable {
  readonly nodes: Record<string, ShoalNode> = {};
  readonly logs: Record<string, MemoryLog> = {};
  readonly events: Record<string, NodeEvent[]> = {};
  readonly #options: (name: string) => Partial<NodeOptions>;

  private constructor(options: (name: string) => Partial<NodeOptions>) {
    this.#options = options;
  }

  static async start(
    options: (name: string) => Partial<NodeOptions> = () => ({}),
  ): Promise<Cluster> {
    const cluster = new Cluster(options);
    for (const name of VOTERS) await cluster.start(name);
    await cluster.append('first');
    return cluster;
  }

  get all(): ShoalNode[] {
    return Object.values(this.nodes);
  }

  get a(): ShoalNode {
    return this.nodes['a']!;
  }

  get b(): ShoalNode {
    return this.nodes['b']!;
  }

  /** Starts a node, again with the log that it had. */
  async start(name: string): Promise<void> {
    const log = this.logs[name] ?? new MemoryLog();
    this.logs[name] = log;
    const seeds = this.all.map(({ address }) => address);
    const options = { log, seeds, replication: PATIENT, ...this.#options(name) };
    const node = await start(name, options);
    this.nodes[name] = node;
    this.events[name] = record(node);
  }

  async stop(name: string): Promise<void> {
    await this.nodes[name]!.close();
    delete this.nodes[name];
  }

  /** Appends at whoever leads by then, until all logs hold it and all nodes follow. */
  async append(text: string): Promise<void> {
    for (;;) {
      const leader = this.all.find(({ role }) => role === 'leader');
      try {
        const { last } = await leader!.append(commits(1, text), { acks: 3, timeout: 5000 });
        const isDone = (node: ShoalNode): boolean =>
          node.leader === leader!.name && node.stats().committed >= last;
        while (leader!.role === 'leader' && !this.all.every(isDone)) await pause(5);
        if (leader!.role === 'leader') return;
      } catch {
        await pause(20);
      }
    }
  }

  state(): Record<string, NodeState> {
    const states = this.all.map((node): [string, NodeState] => {
      const { term, role, leader, voters } = node;
      return [node.name, { votedTerm: node.stats().votedTerm, term, role, leader, voters }];
    });
    return Object.fromEntries(states);
  }

  /** The codes of what a node has refused so far. */
  refusals(name: string): NodeErrorCode[] {
    return this.events[name]!.flatMap((e) => (e.type === 'peerRefused' ? [e.error.code] : []));
  }

  /** Resolves once a node has refused so much for this reason. */
  async refused(name: string, code: NodeErrorCode, count = 1): Promise<void> {
    const found = (): number => this.refusals(name).filter((one) => one === code).length;
    // The events arrive at this test a little later than at the listeners of the node.
    while (found() < count) await pause(5);
    expect(found()).toBeGreaterThanOrEqual(count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((node) => node.close()));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What an attacker knows about the cluster. */
interface Knowledge {
  readonly term: bigint;
  readonly logId: string | undefined;
  /** The stores of the voters, by their names. */
  readonly stores: Readonly<Record<string, string>>;
}

/** Everything that a leader tells to anybody who can talk to it. */
async function learn(transport: StreamTransport, leader: ShoalNode): Promise<Knowledge> {
  await using peer = await ConsensusPeer.connect(transport, leader, { from: 'mallory' });
  const heartbeat = await peer.answer('heartbeat');
  const stores = await storesOfVoters(transport, leader);
  return { term: heartbeat!.term, logId: heartbeat!.logId, stores };
}

/** A message that changes nothing, and what comes of it. */
interface Harmless {
  readonly message: Message;
  /** What the node answers. Default: nothing. */
  readonly answer?: Partial<Message>;
  /** With which code the node reports it. Default: not at all. */
  readonly code?: NodeErrorCode;
}

const life = 'ab'.repeat(16);

/** Messages of somebody who is neither a voter nor the leader. */
function ofStranger({ term, logId, stores }: Knowledge): Harmless[] {
  const storeId = stores['c']!;
  const configuration = { voters: [{ name: 'mallory', storeId }] };
  const end = { term: HIGHEST, index: HIGHEST };
  const reply = { granted: true, position: end, configuration } as const;
  const founding = ['mallory', 'zed'];
  const impossible = { type: 'refusal', reason: 'impossible-term' } as const;
  const otherLog = { type: 'refusal', reason: 'other-log' } as const;
  const voted = { type: 'refusal', reason: 'voted' } as const;
  const denied = { type: 'preVoteReply', granted: false } as const;
  return [
    { message: { type: 'preVoteRequest', term: term + 1n, logId }, answer: denied },
    { message: { type: 'preVoteRequest', term: term + 1n, logId: OTHER }, answer: denied },
    { message: { type: 'preVoteRequest', term: HIGHEST, logId }, answer: denied },
    { message: { type: 'preVoteReply', term: term + 1n, votedTerm: term + 9n, ...reply } },
    { message: { type: 'preVoteReply', term, votedTerm: HIGHEST, ...reply } },
    { message: { type: 'voteRequest', term: 0n, life, logId }, answer: voted },
    { message: { type: 'voteRequest', term, life, logId }, answer: voted },
    {
      message: { type: 'voteRequest', term: term + 1n, life, logId: OTHER },
      ...{ answer: otherLog, code: 'other-cluster' },
    },
    {
      message: { type: 'voteRequest', term: term + 1n, life, logId, founding },
      ...{ answer: { type: 'refusal', reason: 'other-voters' }, code: 'other-cluster' },
    },
    {
      message: { type: 'voteRequest', term: HIGHEST, life, logId },
      ...{ answer: impossible, code: 'impossible-term' },
    },
    {
      message: { type: 'voteRequest', term: term + STEP + 1n, life, logId },
      ...{ answer: impossible, code: 'impossible-term' },
    },
    { message: { type: 'grant', term, life, storeId, position: end } },
    { message: { type: 'grant', term: term + 1n, life, storeId, position: end } },
    { message: { type: 'refusal', term, reason: 'voted', votedTerm: term + 9n, storeId } },
    { message: { type: 'refusal', term, reason: 'other-log', votedTerm: HIGHEST, storeId } },
    { message: { type: 'heartbeat', term: term - 1n, commit: HIGHEST, logId }, answer: voted },
    {
      message: { type: 'heartbeat', term: term + 1n, commit: HIGHEST, logId: OTHER },
      ...{ answer: otherLog, code: 'other-cluster' },
    },
    {
      message: { type: 'heartbeat', term: HIGHEST, commit: HIGHEST, logId },
      ...{ answer: impossible, code: 'impossible-term' },
    },
    { message: { type: 'acknowledgement', term, storeId, index: HIGHEST } },
    { message: { type: 'acknowledgement', term: HIGHEST, storeId, index: HIGHEST } },
    { message: { type: 'campaignNow', term } },
    { message: { type: 'campaignNow', term: HIGHEST } },
  ];
}

/** Messages under the name of the follower `c` from somebody who has not the store of `c`. */
function underNameOfFollower(knowledge: Knowledge): Harmless[] {
  const { term } = knowledge;
  return [
    ...ofStranger({ ...knowledge, stores: { c: OTHER } }).map(({ message }) => ({ message })),
    { message: { type: 'refusal', term, reason: 'voted', votedTerm: term + 9n, storeId: OTHER } },
    { message: { type: 'acknowledgement', term, storeId: OTHER, index: 0n } },
  ];
}

/** Seals bytes as a frame is sealed, whatever they hold. */
function sealed(bytes: Uint8Array): Uint8Array {
  const w = new ByteWriter({ capacity: bytes.length + 4 });
  w.raw(bytes);
  writeU32le(w, crc32(bytes));
  return w.copy();
}

/** The bytes of a frame without its checksum. */
const bodyOf = (frame: Frame): Uint8Array => encodeFrame(frame).slice(0, -4);

/** A frame with one byte changed before it was sealed. */
function withByte(frame: Frame, at: number, value: number): Uint8Array {
  const body = bodyOf(frame);
  body[at] = value;
  return sealed(body);
}

/** Voters, each with a store, in the order given. */
function votersBytes(names: readonly string[]): Uint8Array {
  const w = new ByteWriter({ capacity: 64 });
  w.u8(names.length);
  for (const name of names) {
    const text = new TextEncoder().encode(name);
    w.u8(text.length);
    w.raw(text);
    w.raw(new Uint8Array(16).fill(7));
  }
  return w.copy();
}

const TOO_MANY = Array.from({ length: 65 }, (_, i) => `n${String(i).padStart(2, '0')}`);

/** Lists of voters that cannot be. */
const BAD_VOTERS: readonly Uint8Array[] = [
  votersBytes(TOO_MANY),
  votersBytes(['b', 'a']),
  votersBytes(['a', 'a']),
  votersBytes(['']),
  votersBytes(['x'.repeat(65)]),
  votersBytes(['a', 'b']).slice(0, -1),
  Uint8Array.of(255),
];

const POSITION = { term: 1n, index: 1n };

/** One message of each type. */
function messagesOf({ term, logId }: Pick<Knowledge, 'term' | 'logId'>): Message[] {
  const storeId = OTHER;
  const configuration = { voters: [{ name: 'a', storeId }] };
  const reply = { granted: true, position: POSITION, configuration } as const;
  return [
    { type: 'preVoteRequest', term, logId },
    { type: 'preVoteReply', term, votedTerm: term, ...reply },
    { type: 'voteRequest', term, life, logId, founding: ['a', 'b'] },
    { type: 'grant', term, life, storeId, position: POSITION },
    { type: 'refusal', term, reason: 'voted', votedTerm: term, storeId },
    { type: 'heartbeat', term, commit: 1n, logId },
    { type: 'acknowledgement', term, storeId, index: 1n },
    { type: 'campaignNow', term },
  ];
}

/** Bytes that are no frame. All of them would depose the leader if they were taken for one. */
function malformed(knowledge: Knowledge, mutator: Mutator): Uint8Array[] {
  const { term, logId } = knowledge;
  const later = { ...knowledge, term: term + 1n };
  const whole = messagesOf(later).map(encodeFrame);
  const flipped = whole.flatMap((bytes) =>
    Array.from({ length: 4 }, () => {
      const copy = bytes.slice();
      copy[mutator.below(copy.length)]! ^= 1 << mutator.below(8);
      return copy;
    }),
  );
  const vote = { type: 'voteRequest', term: term + 1n, life, logId: undefined } as const;
  const reply = messagesOf(later)[1]!;
  // The voters are the last field of the answer to a pre-vote: their number, and one of them.
  const beforeVoters = bodyOf(reply).slice(0, -votersBytes(['a']).length);
  return [
    ...whole.map((bytes) => bytes.slice(0, mutator.below(bytes.length))),
    ...whole.map((bytes) => sealed(bytes.slice(0, mutator.below(bytes.length - 4)))),
    ...whole.map((bytes) => sealed(Uint8Array.of(...bytes.slice(0, -4), 0))),
    ...flipped,
    ...BAD_VOTERS.map((voters) => sealed(Uint8Array.of(...beforeVoters, ...voters))),
    sealed(Uint8Array.of()),
    sealed(Uint8Array.of(0)),
    sealed(Uint8Array.of(10)),
    // The flag of the id of the log, the number of founders, and the reason of a refusal.
    withByte(vote, 1 + 8 + 16, 2),
    withByte(vote, 1 + 8 + 16 + 1, 65),
    withByte(
      { type: 'refusal', term, reason: 'voted', votedTerm: term + 1n, storeId: OTHER },
      9,
      4,
    ),
    withByte({ type: 'heartbeat', term: term + 1n, commit: 0n, logId }, 1 + 8 + 8, 2),
  ];
}

/** First frames that introduce nobody. */
function badHellos(node: ShoalNode): (Frame | Uint8Array)[] {
  const hello = helloTo(node, { from: 'mallory' });
  return [
    ...messagesOf({ term: 2n ** 30n, logId: undefined }),
    helloTo(node, { from: 'mallory', label: 'another cluster' }),
    helloTo(node, { from: 'mallory', to: 'mallory' }),
    helloTo(node, { from: node.name }),
    encodeFrame(hello).slice(0, -1),
    // The magic number, the version, and the length of the name.
    withByte(hello, 1, 0),
    withByte(hello, 5, 2),
    withByte(hello, 10, 0),
    withByte(hello, 10, 65),
    withByte(hello, 11, 0xff),
    new Uint8Array(0),
    new TextEncoder().encode('GET / HTTP/1.1\r\n'),
  ];
}

describe.each(PROTECTIONS)('nodes with protection: %s', (protection) => {
  let options: Record<string, Partial<NodeOptions>>;
  /** Somebody who can talk to the nodes: anyone; who holds the key; who has a certificate. */
  let insider: StreamTransport;
  /** With certificates, a peer can use its own name only. */
  const areNamesFree = protection !== 'keyring and TLS';

  beforeAll(async () => {
    options = await protect(protection, [...VOTERS, 'mallory']);
    insider = streamsOf(options['mallory']!);
  });

  const begin = (): Promise<Cluster> => Cluster.start((name) => options[name]!);

  it.skipIf(protection === 'plain')('take nothing from a stranger', async () => {
    await using cluster = await begin();
    const before = cluster.state();
    const { mallory: others = {} } = await protect(protection, ['mallory']);
    const outsiders = [streamsOf({}), streamsOf(others)];
    const knowledge = await learn(insider, cluster.a);
    const frames = messagesOf({ ...knowledge, term: knowledge.term + 1n });
    for (const stranger of outsiders) {
      for (const node of cluster.all) {
        for (const from of ['mallory', ...VOTERS]) await tell(stranger, node, { from, frames });
      }
    }
    expect(cluster.state()).toEqual(before);
    await cluster.append('second');
    expect(cluster.state()).toEqual(before);
    for (const name of VOTERS) expect(cluster.refusals(name)).toEqual([]);
  });

  it('are not moved by messages of somebody who neither votes nor leads', async () => {
    await using cluster = await begin();
    const before = cluster.state();
    const knowledge = await learn(insider, cluster.a);
    for (const node of cluster.all) {
      for (const { message, answer, code } of ofStranger(knowledge)) {
        await using peer = await ConsensusPeer.connect(insider, node, { from: 'mallory' });
        // The leader introduces itself with a heartbeat.
        if (node === cluster.a) await peer.answer('heartbeat');
        peer.send(message);
        if (answer) expect(await peer.answer(answer.type!)).toMatchObject(answer);
        await peer.finish();
        expect(cluster.state(), `after ${message.type}`).toEqual(before);
        if (code) await cluster.refused(node.name, code);
      }
    }
    await cluster.append('second');
    expect(cluster.state()).toEqual(before);
  });

  it('are not moved by a false voter, or by a leader of another term or log', async () => {
    await using cluster = await begin();
    const before = cluster.state();
    const knowledge = await learn(insider, cluster.a);
    const { term, logId } = knowledge;
    const frames = underNameOfFollower(knowledge).map(({ message }) => message);
    for (const node of [cluster.a, cluster.b]) {
      await tell(insider, node, { from: 'c', frames });
      expect(cluster.state()).toEqual(before);
    }
    const ofLeader: Message[] = [
      { type: 'campaignNow', term: term - 1n },
      { type: 'campaignNow', term: HIGHEST },
      { type: 'heartbeat', term: term - 1n, commit: HIGHEST, logId },
      { type: 'heartbeat', term, commit: HIGHEST, logId: OTHER },
      { type: 'heartbeat', term: HIGHEST, commit: HIGHEST, logId },
    ];
    await tell(insider, cluster.b, { from: 'a', frames: ofLeader });
    await cluster.append('second');
    expect(cluster.state()).toEqual(before);
    const codes: NodeErrorCode[] = areNamesFree
      ? ['impossible-term', 'other-cluster']
      : ['untrusted'];
    for (const code of codes) await cluster.refused('b', code);
    await cluster.refused('a', areNamesFree ? 'other-store' : 'untrusted');
  });

  it('refuse whatever is no frame, and break it off', { timeout: 120_000 }, async () => {
    await using cluster = await begin();
    const before = cluster.state();
    const knowledge = await learn(insider, cluster.a);
    const mutator = new Mutator(seededRandom(`${SEED} malformed`));
    for (const node of [cluster.a, cluster.b]) {
      let count = cluster.refusals(node.name).length;
      for (const bytes of malformed(knowledge, mutator)) {
        await using peer = await ConsensusPeer.connect(insider, node, { from: 'mallory' });
        peer.send(bytes);
        await peer.ended();
        await cluster.refused(node.name, 'protocol', ++count);
      }
      for (const frame of badHellos(node)) {
        await using peer = await ConsensusPeer.dial(insider, node, { from: 'mallory' });
        peer.send(frame);
        await peer.ended();
        await cluster.refused(node.name, 'protocol', ++count);
      }
      // The transport itself breaks off what sends longer frames.
      await using peer = await ConsensusPeer.connect(insider, node, { from: 'mallory' });
      peer.send(new Uint8Array(MAX_FRAME_BYTES + 1));
      await peer.ended();
    }
    expect(cluster.state()).toEqual(before);
    await cluster.append('second');
    expect(cluster.state()).toEqual(before);
  });

  it('keep four connections of one name, and go on', async () => {
    await using cluster = await begin();
    const before = cluster.state();
    const introduction = { from: 'mallory' };
    const peers: ConsensusPeer[] = [];
    for (let i = 0; i < 40; i++) {
      const peer = await ConsensusPeer.connect(insider, cluster.b, introduction);
      peer.send({ type: 'preVoteRequest', term: 1n, logId: undefined });
      expect(await peer.answer('preVoteReply')).toMatchObject({ granted: false });
      peers.push(peer);
    }
    await Promise.all(peers.slice(0, -4).map((peer) => peer.ended()));
    // Of the other four, the latest is the one that is answered.
    const latest = peers.at(-1)!;
    latest.send({ type: 'preVoteRequest', term: 2n, logId: undefined });
    expect(await latest.answer('preVoteReply')).toMatchObject({ term: 2n });
    await cluster.append('second');
    expect(cluster.state()).toEqual(before);
    for (const peer of peers) await peer[Symbol.asyncDispose]();
  });

  it('go on while many names introduce themselves', { timeout: 120_000 }, async () => {
    await using cluster = await begin();
    const before = cluster.state();
    const { term, logId } = await learn(insider, cluster.a);
    const message = { type: 'heartbeat', term: HIGHEST, commit: 0n, logId } as const;
    const peers: ConsensusPeer[] = [];
    const connect = async (i: number): Promise<void> => {
      const from = `n${i}`;
      const peer = await ConsensusPeer.connect(insider, cluster.b, { from }).catch(() => undefined);
      peer?.send(message, { type: 'preVoteRequest', term: term + 1n, logId });
      if (peer) peers.push(peer);
      await peer?.answer('preVoteReply');
    };
    for (let i = 0; i < 600; i++) await connect(i);
    expect(cluster.state()).toEqual(before);
    await cluster.refused('b', areNamesFree ? 'impossible-term' : 'untrusted');
    await cluster.append('second');
    expect(cluster.state()).toEqual(before);
    // No more than 512 connections of one host are held.
    let open = peers.length;
    for (const peer of peers) void peer.ended().then(() => open--);
    while (open > 512) await pause(10);
    for (const peer of peers) await peer[Symbol.asyncDispose]();
  });

  it.runIf(areNamesFree)('are not moved by what was said before, in any order', async () => {
    const traffic = new CapturedTraffic();
    await using cluster = await Cluster.start((name) => ({
      ...options[name],
      transports: { streams: traffic.ofStreams(streamsOf(options[name]!)) },
    }));
    await cluster.stop('a');
    await cluster.start('a');
    await cluster.append('second');
    const before = cluster.state();
    const mutator = new Mutator(seededRandom(`${SEED} replay`));
    // Each frame begins with its length. The first one names the service.
    const streams = traffic.streams.map((frames) => frames.map((bytes) => bytes.slice(4)));
    let replayed = 0;
    for (const [service, first, ...frames] of streams) {
      if (first === undefined || new TextDecoder().decode(service) !== 'shoal/consensus') continue;
      const { from, to } = decodeFrame(first) as Extract<Frame, { type: 'hello' }>;
      const shuffled = frames.map((frame) => ({ frame, at: mutator.below(1000) }));
      shuffled.sort((x, y) => x.at - y.at);
      const orders = [frames, frames.toReversed(), shuffled.map(({ frame }) => frame)];
      for (const order of orders) {
        await tell(insider, cluster.nodes[to]!, { from, frames: [...order, ...order] });
      }
      replayed += frames.length;
    }
    expect(replayed).toBeGreaterThan(10);
    expect(cluster.state()).toEqual(before);
    await cluster.append('third');
    expect(cluster.state()).toEqual(before);
  });

  it('follow a vote in a later term, and elect a leader again', async () => {
    await using cluster = await Cluster.start((name) => ({ ...options[name], ...SELF }));
    const { term } = await learn(insider, cluster.all.find(({ role }) => role === 'leader')!);
    let asked = term;
    for (const node of cluster.all) {
      const { votedTerm } = node.stats();
      asked = votedTerm + STEP;
      const request = { candidate: 'mallory', term: asked };
      expect(await askForVote(insider, node, request)).toMatchObject({
        type: 'grant',
        term: asked,
      });
      expect(node.stats().votedTerm).toBeGreaterThanOrEqual(asked);
    }
    await cluster.append('second');
    for (const node of cluster.all) {
      expect(node.voters).toEqual(VOTERS);
      expect(node.term).toBeGreaterThan(asked);
      expect(node.term).toBeLessThan(asked + STEP);
    }
  });

  it('leave a made-up leader, and elect one again', async () => {
    await using cluster = await Cluster.start((name) => ({ ...options[name], ...SELF }));
    const { term, logId } = await learn(
      insider,
      cluster.all.find(({ role }) => role === 'leader')!,
    );
    for (const step of [0n, 1n, 1000n]) {
      const message = { type: 'heartbeat', term: term + step, commit: HIGHEST, logId } as const;
      for (const node of cluster.all) {
        await tell(insider, node, { from: 'mallory', frames: [message] });
      }
      await cluster.append(`after ${step}`);
    }
    for (const node of cluster.all) {
      expect(node.voters).toEqual(VOTERS);
      expect(await texts(cluster.logs[node.name]!)).toContain('first 0');
    }
  });
});

/** A cluster that elects its leader itself, soon. */
const SELF = {
  leadership: undefined,
  replication: {
    ...PATIENT,
    elections: { ...PATIENT.elections, electionTimeout: { min: 500, max: 1000 } },
  },
} as const;

const MESSAGES = 20_000 * PART;

describe(`${MESSAGES} made-up messages, seed ${SEED}`, () => {
  it('leave a cluster at work', { timeout: 900_000 }, async () => {
    await using cluster = await Cluster.start(() => SELF);
    const transport = streamsOf({});
    const mutator = new Mutator(seededRandom(`${SEED} made up`));
    const { logId, stores } = await learn(
      transport,
      cluster.all.find(({ role }) => role === 'leader')!,
    );
    const ids = [...Object.values(stores), OTHER, life];
    for (let i = 0; i < MESSAGES; i++) {
      const node = mutator.pick(cluster.all);
      const { votedTerm } = node.stats();
      const term = (): bigint =>
        mutator.pick([0n, votedTerm, votedTerm, votedTerm + 1n, votedTerm + 1000n, HIGHEST]);
      const number = (): bigint => mutator.pick([0n, 1n, node.log!.range.last, HIGHEST]);
      const log = mutator.pick([logId, logId, undefined, OTHER]);
      const made = messagesOf({ term: term(), logId: log }).map((message): Message => {
        const storeId = mutator.pick(ids);
        const position = { term: term(), index: number() };
        const other = { votedTerm: term(), commit: number(), index: number(), storeId, position };
        const known = Object.entries(other).filter(([key]) => key in message);
        return { ...message, ...Object.fromEntries(known) } as Message;
      });
      const from = mutator.pick(['mallory', 'zed', `n${i}`]);
      await tell(transport, node, { from, frames: [mutator.pick(made), mutator.pick(made)] });
    }
    await cluster.append('after');
    for (const name of VOTERS) {
      expect(cluster.nodes[name]!.voters).toEqual(VOTERS);
      const found = await texts(cluster.logs[name]!);
      expect(found).toContain('first 0');
      expect(found).toContain('after 0');
    }
  });
});

describe('a mark in the log with voters that cannot be', () => {
  const logId = 'cd'.repeat(16);
  const type = markEntry({ term: 1n, cluster: undefined }).type;

  /** Payloads that look like marks of a later term. */
  function badMarks(term: bigint): Uint8Array[] {
    const w = new ByteWriter({ capacity: 32 });
    writeU64le(w, term + 1n);
    w.u8(1);
    w.raw(Buffer.from(logId, 'hex'));
    const head = w.copy();
    const good = Uint8Array.of(...head, ...votersBytes(['mallory']));
    const otherVersion = good.slice();
    otherVersion[8] = 2;
    return [
      ...BAD_VOTERS.map((voters) => Uint8Array.of(...head, ...voters)),
      Uint8Array.of(...head, 0),
      Uint8Array.of(...good, 0),
      otherVersion,
      new Uint8Array(0),
      good.slice(0, 7),
      good.slice(0, 12),
    ];
  }

  it('is not taken for one', async () => {
    await using cluster = await Cluster.start();
    const { term } = cluster.a;
    for (const name of VOTERS) await cluster.stop(name);
    for (const payload of badMarks(term)) await cluster.logs['a']!.append([{ type, payload }]);
    const { last } = cluster.logs['a']!.range;
    for (const name of VOTERS) await cluster.start(name);
    await cluster.append('second');
    for (const node of cluster.all) {
      expect(node.voters).toEqual(VOTERS);
      expect(node.log!.range.last).toBeGreaterThan(last);
      expect(epochOf(node.term)).toBe(epochOf(term));
    }
    expect(cluster.logs['b']!.digest()).toBe(cluster.logs['a']!.digest());
  });

  it('does not make a new cluster', async () => {
    for (const payload of badMarks(7n)) {
      const log = new MemoryLog();
      await log.append([{ type, payload }]);
      await expect(start('a', { log })).rejects.toMatchObject({ code: 'argument' });
    }
  });

  it('cannot be appended', async () => {
    await using cluster = await Cluster.start();
    for (const payload of badMarks(cluster.a.term)) {
      const appending = cluster.a.append([{ type, payload }]);
      await expect(appending).rejects.toMatchObject({ code: 'argument' });
    }
  });
});
