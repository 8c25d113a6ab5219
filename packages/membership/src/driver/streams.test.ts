import type { Connection, DatagramTransport, Listener, StreamTransport } from '@shoal/transport';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import { type Member, type NodeIdentity, shoalCodec } from '@shoal/wire';
import {
  decodeStateMessage,
  encodeStateMessage,
  labelTag,
  type StateMessage,
} from '@shoal/wire/internal';
import { afterEach, describe, expect, it } from 'vitest';
import { alive, down, node, suspect } from '../../test/harness.test-helper.ts';
import { local, type SwimConfig } from '../config.ts';
import { type Membership, type MembershipOptions, startMembership } from '../driver.ts';
import { seen } from './waiting.test-helper.ts';

/** Short times keep the tests fast; no test depends on them. */
const config: SwimConfig = {
  ...local(),
  probePeriod: 200,
  probeTimeout: 40,
  gossip: { interval: 20, members: 3 },
  leaveTimeout: 1000,
};
/** No probe ends during a test, so imaginary members keep their state. */
const noProbes = { config: { ...config, probePeriod: 60_000 } };
const joinRetry = { first: 50, most: 200 };
const codec = shoalCodec({ label: 'shoal' });
const label = labelTag('shoal');
const tcp = createTcpTransport({ closeTimeout: 200 });

const open: AsyncDisposable[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one[Symbol.asyncDispose]()));
});

/** A listener for streams and a transport for datagrams at the same port. */
async function ports(): Promise<{ listener: Listener; udp: DatagramTransport }> {
  for (;;) {
    const listener = await tcp.listen('127.0.0.1:0');
    try {
      return { listener, udp: await createUdpTransport({ bind: listener.address }) };
    } catch {
      await listener.close();
    }
  }
}

/** As `transport`, but datagrams are lost while `lost` returns true. */
function lossy(transport: DatagramTransport, lost: () => boolean): DatagramTransport {
  return {
    localAddress: transport.localAddress,
    maxDatagramSize: transport.maxDatagramSize,
    send: (to, bytes) => lost() || transport.send(to, bytes),
    receive: (handler) => transport.receive(handler),
    close: () => transport.close(),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

interface Extra extends Omit<Partial<MembershipOptions>, 'streams'> {
  readonly lost?: () => boolean;
  readonly streams?: Partial<NonNullable<MembershipOptions['streams']>>;
}

async function start(
  seeds: readonly string[],
  { lost = () => false, streams, ...more }: Extra = {},
): Promise<Membership<NodeIdentity>> {
  const { listener, udp } = await ports();
  const one = startMembership({
    transport: lossy(udp, lost),
    seeds,
    config,
    joinRetry,
    ...more,
    streams: { transport: tcp, listen: listener, interval: 0, ...streams },
  });
  open.push({ [Symbol.asyncDispose]: () => one.close() });
  return one;
}

/** Sends frames on a new connection to `one`, and returns the answers until it ends. */
async function say(
  one: Membership<NodeIdentity>,
  ...frames: readonly (Uint8Array | StateMessage<NodeIdentity>)[]
): Promise<StateMessage<NodeIdentity>[]> {
  const connection = await tcp.dial(one.identity.address);
  open.push(connection);
  for (const frame of frames) {
    connection.send(frame instanceof Uint8Array ? frame : encodeStateMessage(codec, frame));
  }
  const answers: StateMessage<NodeIdentity>[] = [];
  try {
    for await (const frame of connection) answers.push(decodeStateMessage(codec, frame));
  } catch {}
  return answers;
}

const everything = (): boolean => true;
const request = { type: 'stateRequest', label, digest: 0n } as const;

/** An identity at a port where nobody listens. Looking up a name might take long. */
function at(port: number, metadata = ''): NodeIdentity {
  return { ...node('nobody', 1, metadata), address: `127.0.0.1:${port}` };
}

describe('the exchange of states', () => {
  it('keeps two members together even if all their datagrams are lost', async () => {
    // A period that is long enough for each stream, also on a busy machine.
    const slow = { lost: everything, config: { ...config, probePeriod: 500 } };
    const a = await start([], slow);
    const events = a.events();
    const b = await start([a.identity.address], slow);
    await Promise.all([a.active(), b.active()]);
    expect(a.digest()).toBe(b.digest());
    expect(await seen(a, 'datagramsBlocked')).toEqual({
      type: 'datagramsBlocked',
      address: b.identity.address,
    });
    await seen(a, 'probe', ({ outcome }) => outcome === 'answered-by-stream');
    await a.close();
    const told = new Map<string, number>();
    for await (const { type } of events) told.set(type, (told.get(type) ?? 0) + 1);
    expect(told.get('datagramsBlocked')).toBe(1);
    expect(told.get('probe')).toBeGreaterThan(3);
    expect([told.get('memberSuspected'), told.get('memberDown')]).toEqual([undefined, undefined]);
  });

  it('reports when datagrams get through again', async () => {
    let lost = true;
    const a = await start([], { lost: () => lost });
    const b = await start([a.identity.address], { lost: () => lost });
    const { address } = await seen(a, 'datagramsBlocked');
    lost = false;
    expect(await seen(a, 'datagramsRestored')).toEqual({ type: 'datagramsRestored', address });
    expect(address).toBe(b.identity.address);
  });

  it('without streams, a member that answers no datagrams is suspected', async () => {
    let lost = false;
    const a = await start([], { lost: () => lost });
    const b = await start([a.identity.address], { streams: { listen: false } });
    await Promise.all([a.active(), b.active()]);
    lost = true;
    await seen(a, 'memberSuspected');
    expect(a.stats().streamPings).toBeGreaterThan(0);
  });

  it('transfers all members at once, Down ones too, unless both sides know the same', async () => {
    const a = await start([], { lost: everything, ...noProbes });
    const crowd = Array.from({ length: 3000 }, (_, i) => alive(at(i + 10, 'x'.repeat(40))));
    a.applyMany([...crowd, down(at(1)), down(at(2), 0, true)]);
    const b = await start([], { lost: everything, ...noProbes });
    const merged = seen(a, 'exchange');
    await b.exchange(a.identity);
    expect(await merged).toMatchObject({ outcome: 'merged' });
    expect(b.members().length).toBe(3001);
    expect(b.digest()).toBe(a.digest());
    expect([b.memberAt(at(1).address), b.memberAt(at(2).address)]).toEqual([undefined, undefined]);
    const equal = seen(b, 'exchange');
    await b.exchange(a.identity);
    expect(await equal).toMatchObject({ outcome: 'equal', address: a.identity.address });
    expect(b.stats().exchanges).toBe(2);
  });

  it('suspects a member that failed in the view of the peer', async () => {
    const a = await start([], { lost: everything, ...noProbes });
    const b = await start([], { lost: everything, ...noProbes });
    a.applyMany([alive(at(5)), alive(at(6))]);
    b.applyMany([down(at(5)), alive(at(7)), down(at(6), 0, true)]);
    const suspected = seen(a, 'memberSuspected');
    const left = seen(a, 'memberDown');
    await b.exchange(a.identity);
    expect((await suspected).member).toMatchObject({ id: at(5) });
    expect(await left).toMatchObject({ reason: 'left', member: { id: at(6) } });
  });

  it('runs periodically, with a random member', async () => {
    const a = await start([], { streams: { interval: 30 } });
    const b = await start([a.identity.address]);
    await Promise.all([a.active(), b.active()]);
    for (let i = 0; i < 3; i++) await seen(b, 'exchange', ({ outcome }) => outcome === 'equal');
  });

  it('reports a peer that cannot be reached, stays silent or goes away', async () => {
    const a = await start([], { streams: { timeout: 100 } });
    const silent = await tcp.listen('127.0.0.1:0');
    open.push(silent);
    const nobody = { ...a.identity, address: silent.address };
    const failed = seen(a, 'exchangeFailed');
    await Promise.all([a.exchange(nobody), a.exchange(nobody)]);
    expect((await failed).error).toMatchObject({ code: 'stream' });
    const [one, two] = [seen(a, 'exchangeFailed'), a.exchange(nobody)];
    for await (const connection of silent) {
      connection.abort(new Error('gone'));
      break;
    }
    await two;
    expect((await one).address).toBe(silent.address);
    await silent.close();
    const refused = seen(a, 'exchangeFailed');
    await a.exchange(nobody);
    expect((await refused).error).toMatchObject({ code: 'stream', cause: { code: 'refused' } });
  });

  it('finds out who answers at a seed with another name, which is then left alone', async () => {
    const a = await start([]);
    const alias = a.identity.address.replace('127.0.0.1', 'localhost');
    const { listener, udp } = await ports();
    let announced = 0;
    const { send } = udp;
    udp.send = (to, bytes) => {
      if (to === alias) announced++;
      return send.call(udp, to, bytes);
    };
    let lookUps = 0;
    const b = startMembership({
      transport: udp,
      seeds: () => {
        lookUps++;
        return [alias];
      },
      config,
      joinRetry: { first: 5, most: 5 },
      streams: { transport: tcp, listen: listener, interval: 0 },
    });
    open.push({ [Symbol.asyncDispose]: () => b.close() });
    await b.active();
    for (let seen = -1; seen !== announced; ) {
      seen = announced;
      const goal = lookUps + 10;
      while (lookUps < goal) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(announced).toBeGreaterThan(0);
    expect(b.memberAt(a.identity.address)?.state).toBe('alive');
  });

  it('ends when the membership is closed', async () => {
    const silent = await tcp.listen('127.0.0.1:0');
    open.push(silent);
    const a = await start([], { streams: { timeout: 1e6 } });
    const dialled = silent[Symbol.asyncIterator]().next();
    const exchange = a.exchange({ ...a.identity, address: silent.address });
    await dialled;
    await a.close();
    await exchange;
    await expect(tcp.dial(a.identity.address)).rejects.toMatchObject({ code: 'refused' });
    await a.exchange({ ...a.identity, address: silent.address });
  });
});

describe('a peer that asks for a state', () => {
  it('gets the state, and answers to its pings', async () => {
    const a = await start([], noProbes);
    const digest = BigInt(`0x${a.digest()}`);
    const self: Member<NodeIdentity> = { id: a.identity, incarnation: 0, state: 'alive' };
    expect(await say(a, { ...request, digest })).toEqual([{ type: 'stateReply', digest }]);
    expect(await say(a, { type: 'streamPing', label })).toEqual([
      { type: 'streamPong', member: self },
    ]);
    const members = [alive(at(5)), suspect(at(6), 3, at(5).address)];
    const told = await say(
      a,
      request,
      { type: 'members', members },
      { type: 'membersEnd', total: 2 },
    );
    expect(told).toEqual([
      { type: 'stateReply', digest },
      { type: 'members', members: [self] },
      { type: 'membersEnd', total: 1 },
    ]);
    const sorted = a.members().sort((one, other) => compare(one.id.address, other.id.address));
    expect(sorted).toEqual(members);
  });

  it.each([
    ['garbage', [Uint8Array.of(1, 2, 3)], 1],
    ['an empty frame', [new Uint8Array(0)], 1],
    ['another cluster', [{ ...request, label: 1 }], 3],
    ['another version', [Uint8Array.from([36, 0x53, 0x48, 0x4c, 0x4d, 9, 0, 0, 0, 0])], 2],
    ['an unexpected message', [{ type: 'membersEnd', total: 0 } as const], 1],
    ['a wrong total', [request, { type: 'membersEnd', total: 7 } as const], 1],
    ['no members', [request, { type: 'members', members: [] } as const], 1],
    ['a bad member', [request, Uint8Array.of(34, 1, 0, 3)], 1],
  ])('is refused with %s, which is reported', async (_, frames, code) => {
    const a = await start([]);
    const before = a.membershipState();
    const rejected = seen(a, 'rejected');
    const answers = await say(a, ...frames);
    expect(answers.at(-1)).toMatchObject({ type: 'goodbye', code });
    expect((await rejected).error).toMatchObject({ name: 'SwimError', code: 'malformed' });
    expect(a.membershipState()).toEqual(before);
  });

  it('is refused if it sends more members than are remembered', async () => {
    const a = await start([], { config: { ...config, maxMembers: 3 } });
    const rejected = seen(a, 'rejected');
    const members = [3, 4, 5, 6, 7].map((port) => alive(at(port)));
    await say(a, request, { type: 'members', members });
    expect((await rejected).error.message).toContain('too many');
    expect(a.members()).toEqual([]);
  });

  it('is refused while too many are served', async () => {
    const a = await start([], { streams: { maxServed: 1 } });
    const first: Connection = await tcp.dial(a.identity.address);
    open.push(first);
    first.send(encodeStateMessage(codec, request));
    await first[Symbol.asyncIterator]().next();
    const answers = await say(a, request);
    expect(answers).toMatchObject([{ type: 'goodbye', code: 6 }]);
    expect(a.stats().streamsRefused).toBe(1);
  });

  it('is refused by a member that has left', async () => {
    const a = await start([]);
    await a.leave();
    expect(await say(a, request)).toMatchObject([{ type: 'goodbye', code: 5 }]);
  });

  it('is reported, as any peer is, if it answers with garbage', async () => {
    const liar = await tcp.listen('127.0.0.1:0');
    open.push(liar);
    const a = await start([]);
    const rejected = seen(a, 'rejected');
    const exchange = a.exchange({ ...a.identity, address: liar.address });
    for await (const connection of liar) {
      connection.send(encodeStateMessage(codec, { type: 'membersEnd', total: 0 }));
      await exchange;
      connection.abort(new Error('done'));
      break;
    }
    expect((await rejected).error.message).toBe('unexpected membersEnd');
  });
});

describe('the options of streams', () => {
  it('an address to listen at is bound, and a failure is reported', async () => {
    const transport = await createUdpTransport({ bind: '127.0.0.1:0' });
    const { listener, udp } = await ports();
    open.push(listener);
    const a = startMembership({ transport, streams: { transport: tcp, listen: udp.localAddress } });
    open.push({ [Symbol.asyncDispose]: () => a.close() });
    expect((await seen(a, 'listenFailed')).error).toMatchObject({
      code: 'stream',
      cause: { code: 'in-use' },
    });
    const b = startMembership({
      transport: udp,
      streams: { transport: tcp, listen: '127.0.0.1:0' },
    });
    await b.close();
  });

  it('a failed dial does no harm, and a member behind a gateway is not dialed', async () => {
    const dialled: string[] = [];
    const transport: StreamTransport = {
      dial: async (address) => {
        dialled.push(address);
        throw new Error('no');
      },
      listen: () => Promise.reject(new Error('not here')),
    };
    const a = await start([], { streams: { transport, listen: false } });
    await a.exchange(node('b'));
    await a.exchange({ ...node('b'), address: 'b:1!tab' });
    expect(dialled).toEqual(['b:1']);
  });

  it.each([{ interval: -1 }, { timeout: 0 }, { maxServed: 0 }, { timeout: 2 ** 31 }])(
    '%o is refused',
    async (streams) => {
      await expect(start([], { streams })).rejects.toMatchObject({ code: 'config' });
    },
  );
});

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
