import {
  decodeShoalStream,
  decodeSyncup,
  encodeAck,
  encodeEntries,
  encodeShoalStream,
  encodeStreamFrame,
  encodeStreamReply,
  encodeSyncup,
  type ShoalStreamMessage,
} from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startFeeder, startReplica } from '../src/driver.ts';
import { SyncupError } from '../src/errors.ts';
import { ChainedFingerprint } from '../src/fingerprint/fingerprint.ts';
import type { NewEntry } from '../src/log/log-store.ts';
import type { MemoryLog } from '../src/memory-log/memory-log.ts';
import { once, scripted } from './driver.test-helper.ts';
import { bytes, commits, logOf, noxuLogOf } from './log.test-helper.ts';
import { MemoryNetwork } from './memory-network.test-helper.ts';

type Chained = Extract<ShoalStreamMessage, { type: 'chainedEntries' }>;

const code = (value: string): unknown => expect.objectContaining({ code: value });

describe('a replica and a bad feeder', () => {
  const welcome: ShoalStreamMessage = {
    type: 'welcome',
    version: 1,
    features: 3,
    label: 0,
    term: 0n,
    first: 1n,
    last: 9n,
  };
  const entry = { type: 'entry', vlsn: 5n, lsn: 0n, fingerprint: 0n, isSync: true } as const;

  /** What a replica of commits 1..5 ends with when the feeder answers so, message by message. */
  async function ends(answers: ((log: MemoryLog) => Uint8Array[])[]): Promise<unknown> {
    const network = new MemoryNetwork();
    const peer = scripted(network);
    const log = await logOf(commits(5));
    await using replica = startReplica({ log, dial: async () => peer.other, ...once });
    for (const answer of answers) {
      await peer.next();
      for (const frame of answer(log)) peer.send(frame);
    }
    const error = await replica.finished.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    peer.connection.abort(new Error('done'));
    expect(log.range.last).toBeGreaterThanOrEqual(5n);
    return error;
  }
  const say =
    (...messages: ShoalStreamMessage[]): (() => Uint8Array[]) =>
    () =>
      messages.map((message) => encodeShoalStream(message));
  const match = (log: MemoryLog): Uint8Array[] => {
    const { isTxnEnd: _, ...own } = log.entry(5n)!;
    return [encodeShoalStream({ type: 'entry', ...own })];
  };
  const one = (vlsn: bigint): ShoalStreamMessage => ({
    type: 'entries',
    firstVlsn: vlsn,
    entries: [{ type: 1, payload: bytes('x') }],
  });

  const chained = { ...welcome, features: 7 };
  /** What a feeder of the same log sends for entries after it, from VLSN 6 on. */
  const chain =
    (change: Partial<Chained> = {}, ...encoded: (string | number)[]) =>
    (log: MemoryLog): Uint8Array[] => {
      const fingerprint = fingerprintOf(log, [{ type: 1, payload: bytes('x') }]);
      const frames = encoded.length > 0 ? encoded : ['x'];
      return [
        encodeShoalStream({ ...announced, fingerprint, ...change }),
        ...frames.map((text) =>
          typeof text === 'number'
            ? new Uint8Array(text)
            : encodeEntries([{ type: 1, payload: bytes(text) }]),
        ),
      ];
    };
  const announced: Chained = { type: 'chainedEntries', fingerprint: 0n, firstVlsn: 6n, count: 1 };
  const fingerprintOf = (log: MemoryLog, entries: readonly NewEntry[]): bigint => {
    const { fingerprint } = log.entry(log.range.last)!;
    const next = new ChainedFingerprint();
    next.low = Number(BigInt.asUintN(32, fingerprint));
    next.high = Number(fingerprint >> 32n);
    for (const { type, payload } of entries) next.next(type, payload);
    return (BigInt(next.high) << 32n) | BigInt(next.low);
  };

  it.each([
    ['says nothing', [], 'timeout'],
    ['falls silent after entries', [say(chained), match, chain({}, 'x')], 'timeout'],
    ['sends another fingerprint', [say(chained), match, chain({ fingerprint: 1n })], 'protocol'],
    ['sends other entries than it says', [say(chained), match, chain({}, 'y')], 'protocol'],
    ['sends fewer entries', [say(chained), match, chain({ count: 2 })], 'protocol'],
    ['sends an absurd count', [say(chained), match, chain({ count: 2 ** 32 - 1 })], 'protocol'],
    ['sends garbage for entries', [say(chained), match, chain({}, 9)], 'protocol'],
    ['sends nothing for entries', [say(chained), match, chain({}, 0)], 'protocol'],
    ['sends a gap of chained entries', [say(chained), match, chain({ firstVlsn: 7n })], 'gap'],
    ['sends entries unchained', [say(chained), match, say(one(6n))], 'protocol'],
    ['chains what it should not', [say(welcome), match, chain()], 'protocol'],
    ['never answers', [say(welcome)], 'timeout'],
    ['falls silent in the stream', [say(welcome), match], 'timeout'],
    ['sends an empty frame', [() => [new Uint8Array(0)]], 'protocol'],
    ['sends an unknown opcode', [() => [Uint8Array.of(99)]], 'protocol'],
    ['sends a welcome cut short', [() => [encodeShoalStream(welcome).subarray(0, 9)]], 'protocol'],
    ['greets with another message', [say(entry)], 'protocol'],
    ['chooses a version that nobody offered', [say({ ...welcome, version: 9 })], 'version'],
    ['answers for another entry', [say(welcome), say({ ...entry, vlsn: 4n })], 'protocol'],
    ['streams too early', [say(welcome), say(one(6n))], 'protocol'],
    ['sends a gap', [say(welcome), match, say(one(7n))], 'gap'],
    ['repeats an entry', [say(welcome), match, say(one(6n), one(6n))], 'gap'],
    ['sends a wrong crc', [say(welcome), match, () => damaged(one(6n))], 'protocol'],
    ['sends syncup in the stream', [say(welcome), match, say(entry)], 'protocol'],
    [
      'changes its term in the stream',
      [say(welcome), match, say({ type: 'heartbeat', term: 2n, last: 9n, durable: 0n, time: 0 })],
      'stale-term',
    ],
    [
      'says goodbye',
      [say(welcome), say({ type: 'goodbye', code: 5, reason: 'going down' })],
      'remote',
    ],
  ] as [string, ((log: MemoryLog) => Uint8Array[])[], string][])(
    'that %s',
    async (_, answers, expected) => {
      expect(await ends(answers)).toEqual(code(expected));
    },
  );

  function damaged(message: ShoalStreamMessage): Uint8Array[] {
    const frame = encodeShoalStream(message);
    frame[frame.length - 1]! ^= 4;
    return [frame];
  }

  it('a Noxu feeder that changes the entry at the matchpoint, or skips an entry', async () => {
    for (const frames of [
      [{ vlsn: 5n, type: 1, payload: bytes('other') }],
      [
        { vlsn: 5n, type: 1, payload: bytes('c5') },
        { vlsn: 7n, type: 1, payload: bytes('c7') },
      ],
    ]) {
      const network = new MemoryNetwork();
      const log = await noxuLogOf(commits(5));
      const handshake = scripted(network);
      const stream = scripted(network);
      const ends = [handshake.other, stream.other];
      await using replica = startReplica({
        log,
        dial: async () => ends.shift()!,
        dialect: 'noxu',
        ...once,
      });
      expect(await handshake.next()).toEqual(bytes('REP_SYNCUP'));
      expect(await handshake.next()).toEqual(encodeSyncup({ type: 'entryRequest', vlsn: 5n }));
      // The LSN of a Noxu feeder is its own affair.
      const { fingerprint } = log.entry(5n)!;
      const lsn = 12_345n;
      handshake.send(encodeSyncup({ type: 'entry', vlsn: 5n, lsn, fingerprint, isSync: true }));
      expect(await handshake.next()).toEqual(encodeSyncup({ type: 'startStream', startVlsn: 6n }));
      await handshake.close();
      expect(await stream.next()).toEqual(bytes('PEER_FEEDER'));
      // It asks for the matchpoint itself: that feeder refuses what lies after its last.
      expect(await stream.next()).toEqual(encodeAck(5n));
      stream.send(encodeStreamReply('serve'));
      for (const frame of frames) stream.send(encodeStreamFrame(frame));
      await expect(replica.finished).rejects.toMatchObject({
        code: frames.length === 1 ? 'protocol' : 'gap',
      });
      stream.connection.abort(new Error('done'));
      expect(log.range.last).toBe(5n);
    }
  });

  it('a Noxu feeder whose stream does not confirm the matchpoint: nothing is rolled back', async () => {
    const answers = [
      [],
      [{ vlsn: 3n, type: 1, payload: bytes('other') }],
      [{ vlsn: 4n, type: 1, payload: bytes('c4') }],
    ];
    for (const frames of answers) {
      const network = new MemoryNetwork();
      const log = await noxuLogOf(commits(5));
      const handshake = scripted(network);
      const stream = scripted(network);
      const ends = [handshake.other, stream.other];
      await using replica = startReplica({
        log,
        dial: async () => ends.shift()!,
        dialect: 'noxu',
        ...once,
        rollback: { durableLimit: 100 },
      });
      await handshake.next();
      await handshake.next();
      // The feeder's log ends at VLSN 3, with the same entry.
      const { fingerprint } = log.entry(3n)!;
      const end = { vlsn: 3n, lsn: 0n, fingerprint, isSync: true };
      handshake.send(encodeSyncup({ type: 'alternateMatchpoint', ...end }));
      for (let asked = await handshake.next(); ; asked = await handshake.next()) {
        if (decodeSyncup(asked!).type !== 'entryRequest') break;
        handshake.send(encodeSyncup({ type: 'entry', ...end }));
      }
      await handshake.close();
      await stream.next();
      expect(await stream.next()).toEqual(encodeAck(3n));
      stream.send(encodeStreamReply('serve'));
      for (const frame of frames) stream.send(encodeStreamFrame(frame));
      if (frames.length === 0) await stream.close();
      await expect(replica.finished).rejects.toBeInstanceOf(SyncupError);
      stream.connection.abort(new Error('done'));
      expect(log.range.last).toBe(5n);
      for await (const archive of log.archives()) expect.unreachable(archive.reason);
    }
  });

  it('acknowledgements are coalesced while the feeder does not read them', async () => {
    const network = new MemoryNetwork();
    const log = await noxuLogOf();
    const handshake = scripted(network);
    const stream = scripted(network);
    const ends = [handshake.other, stream.other];
    await using replica = startReplica({
      log,
      dial: async () => ends.shift()!,
      dialect: 'noxu',
      reconnect: false,
    });
    await handshake.next();
    await handshake.next();
    handshake.send(
      encodeSyncup({ type: 'entry', vlsn: 1n, lsn: 0n, fingerprint: 0n, isSync: true }),
    );
    await handshake.next();
    await handshake.close();
    await stream.next();
    await stream.next();
    stream.send(encodeStreamReply('serve'));
    for (let vlsn = 1n; vlsn <= 30_000n; vlsn++) {
      stream.send(encodeStreamFrame({ vlsn, type: 1, payload: bytes('x') }));
      if (vlsn % 50n === 0n) await new Promise((resolve) => setImmediate(resolve));
    }
    await replica.applied(30_000n);
    // 30,000 acknowledgements would be 240,000 bytes.
    expect(stream.connection.peak).toBeLessThanOrEqual(64 * 1024 + 8);
    let acked = await stream.next();
    while (Buffer.compare(acked!, encodeAck(30_000n)) !== 0) acked = await stream.next();
  });
});

describe('a replica and a silent feeder', () => {
  it('is told why the replica closes', async () => {
    const peer = scripted(new MemoryNetwork());
    await using replica = startReplica({
      log: await logOf([]),
      dial: async () => peer.other,
      ...once,
    });
    const error = replica.finished.catch((reason: unknown) => reason);
    const frames = [];
    for (let frame = await peer.next(); frame; frame = await peer.next()) frames.push(frame);
    await peer.close();
    expect(frames.map((frame) => decodeShoalStream(frame))).toEqual([
      expect.objectContaining({ type: 'hello' }),
      expect.objectContaining({ type: 'goodbye', code: 8 }),
    ]);
    expect(await error).toEqual(code('timeout'));
  });
});

describe('a feeder and a bad replica', () => {
  const hello: ShoalStreamMessage = {
    type: 'hello',
    versionMin: 1,
    versionMax: 1,
    features: 3,
    label: 0,
    term: 0n,
    name: '',
  };
  const say = (message: ShoalStreamMessage): Uint8Array => encodeShoalStream(message);
  const text = (value: string): Uint8Array => bytes(value);
  const goodbyeOf = (frame: Uint8Array | undefined): unknown => {
    if (frame === undefined || frame[0] !== 25) return undefined;
    const message = decodeShoalStream(frame);
    return message.type === 'goodbye' ? message.code : undefined;
  };

  it.each([
    ['says nothing', [], 'timeout', undefined],
    ['names an unknown service', [text('NOBODY')], 'protocol', undefined],
    ['sends an empty frame', [new Uint8Array(0)], 'protocol', undefined],
    ['stalls after its hello', [say(hello)], 'timeout', 8],
    ['speaks versions 7 to 9', [say({ ...hello, versionMin: 7, versionMax: 9 })], 'version', 2],
    ['is of another cluster', [say({ ...hello, label: 5 })], 'label', 3],
    ['knows a higher term', [say({ ...hello, term: 5n })], 'stale-term', 4],
    ['streams', [say(hello), say({ type: 'ack', vlsn: 1n })], 'protocol', 1],
    [
      'starts where nothing is',
      [say(hello), say({ type: 'startStream', startVlsn: 50n })],
      'trimmed',
      9,
    ],
    ['asks for VLSN -1', [say(hello), say({ type: 'entryRequest', vlsn: -1n })], 'protocol', 1],
    [
      'acknowledges what was not sent',
      [say(hello), say({ type: 'startStream', startVlsn: 1n }), say({ type: 'ack', vlsn: 50n })],
      'protocol',
      1,
    ],
    [
      'falls silent in the stream',
      [say(hello), say({ type: 'startStream', startVlsn: 1n })],
      'timeout',
      8,
    ],
  ] as [string, Uint8Array[], string, number | undefined][])(
    'that %s',
    async (_, sent, expected, goodbye) => {
      const network = new MemoryNetwork();
      const log = await logOf(commits(9));
      await using feeder = startFeeder({ log, ...once });
      const over = new Promise<unknown>((resolve) => {
        feeder.on('disconnected', ({ error }) => resolve(error));
      });
      const peer = scripted(network);
      const serving = feeder.serve(peer.other);
      for (const frame of sent) peer.send(frame);
      let last: Uint8Array | undefined;
      for (;;) {
        const frame = await peer.next().catch(() => undefined);
        if (frame === undefined) break;
        last = frame;
      }
      await peer.close();
      await serving;
      expect(await over).toEqual(code(expected));
      if (goodbye !== undefined) expect(goodbyeOf(last)).toBe(goodbye);
      // Nothing holds the head of the log any more.
      expect(await log.trimHead(9n)).toBe(9n);
    },
  );

  it('that keeps a connection open with heartbeats alone', async () => {
    const network = new MemoryNetwork();
    await using feeder = startFeeder({ log: await logOf(commits(9)), ...once });
    const peer = scripted(network);
    const serving = feeder.serve(peer.other);
    peer.send(say(hello));
    const heartbeat = say({ type: 'heartbeat', term: 0n, last: 0n, durable: 0n, time: 0 });
    const beat = setInterval(() => peer.send(heartbeat), 5);
    const frames = [];
    for (let frame = await peer.next(); frame; frame = await peer.next()) frames.push(frame);
    clearInterval(beat);
    await peer.close();
    await serving;
    expect(frames.map((frame) => decodeShoalStream(frame))).toEqual([
      expect.objectContaining({ type: 'welcome' }),
      expect.objectContaining({ type: 'goodbye', code: 8 }),
    ]);
  });

  it('arbitrary frames never disturb a feeder', async () => {
    const log = await logOf(commits(9));
    await using feeder = startFeeder({ log, stepTimeout: 30, idleTimeout: 30 });
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.nat(27), fc.uint8Array({ maxLength: 40 }))
        .map(([op, body]) => new Uint8Array([op, ...body])),
      fc.constantFrom(
        say(hello),
        text('REP_SYNCUP'),
        text('PEER_FEEDER'),
        say({ type: 'entryRequest', vlsn: 3n }),
        say({ type: 'startStream', startVlsn: 3n }),
        say({ type: 'restoreRequest', failedVlsn: 3n }),
        say({ type: 'restoreResume', snapshot: 3n, offset: 9 }),
        encodeAck(3n),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 8 }), async (frames) => {
        const peer = scripted(new MemoryNetwork());
        const serving = feeder.serve(peer.other);
        for (const one of frames) peer.send(one.slice());
        void peer.close();
        await serving;
      }),
      { numRuns: 150 },
    );
    expect(feeder.replicas()).toEqual([]);
    expect(await log.trimHead(9n)).toBe(9n);
  });
});
